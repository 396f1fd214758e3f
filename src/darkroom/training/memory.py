"""Out of memory while a network computes: one line that says what to make smaller."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from darkroom.runtime.errors import TrainingError

OUT_OF_MEMORY = {"MemoryError", "ResourceExhaustedError", "OutOfMemoryError"}


@contextmanager
def limited(size: int, shape: Sequence[int], *, fix: str) -> Iterator[None]:
    """Run the block, which processes `size` inputs of `shape` at a time.

    Raises TrainingError (exit 7) with the `fix` when the block ran out of memory, of the machine or of a GPU.
    """
    try:
        yield
    except Exception as fault:
        if not _ran_out(fault):
            raise
        what = f"memory ran out with {size} inputs of {' x '.join(map(str, shape))} at a time"
        raise TrainingError("E_MEMORY", what, where="params.yaml", fix=fix) from fault


def smaller(size: int) -> str:
    """The fix for a training in batches of `size`."""
    smaller_batch = f"set batch_size to {size // 2}; if that is not enough, use " if size > 1 else "use "
    return f"{smaller_batch}smaller images or a smaller network"


def _ran_out(fault: Exception) -> bool:
    """By name: each backend has an error of its own, and JAX one for all faults, whose text says which it is."""
    names = {kind.__name__ for kind in type(fault).__mro__}
    return bool(names & OUT_OF_MEMORY) or "RESOURCE_EXHAUSTED" in str(fault)
