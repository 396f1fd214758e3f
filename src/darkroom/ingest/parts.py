"""What all arrays of images have in common: n equal rows, read as a stream, so that memory holds a chunk of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from darkroom.runtime.errors import DataError, printable

CHANNELS = (1, 3, 4)
CHUNK = 1 << 20  # bytes read at a time
SHOWN = 200  # characters of what a header says that a message repeats


@dataclass(frozen=True)
class Part:
    """n images of one side. `size` is that of all pixels and `packed` of the file or member, in bytes."""

    side: str
    name: str
    n: int
    size: int
    packed: int
    rows: Callable[[], Iterator[tuple[object, np.ndarray]]]  # n times: label, uint8 (h, w) or (h, w, c)


def fault(where: object, what: str, fix: str, code: str = "E_ARRAYS") -> DataError:
    return DataError(code, printable(f"{Path(str(where)).name} {what}"), where=where, fix=fix)


def insist_on_shape(path: Path, shape: Sequence[int]) -> None:
    """Raises DataError (exit 3) unless `shape` is that of one image, grey or in colours."""
    if not (len(shape) == 2 or (len(shape) == 3 and shape[2] in CHANNELS)) or min(shape) < 1:
        what = f"has images of shape {str(tuple(shape)):.{SHOWN}}, expected (h, w), (h, w, 1), (h, w, 3) or (h, w, 4)"
        raise fault(path, what, "put the channels last")


def equal(file: BinaryIO, n: int, size: int) -> Iterator[np.ndarray]:
    """The next n rows of `size` bytes each, uint8; EOFError when there are fewer, ValueError when there are more."""
    many = max(1, CHUNK // size)
    for start in range(0, n, many):
        wanted = min(many, n - start) * size
        data = file.read(wanted)
        if len(data) < wanted:
            raise EOFError(f"it is cut in row {start + len(data) // size} of {n}")
        yield from np.frombuffer(data, np.uint8).reshape(-1, size)
    if file.read(1):  # asking once more also makes zip and gzip check their sums
        raise ValueError(f"there is more than the {n} rows that it declares")
