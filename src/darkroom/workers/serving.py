"""What runs inside a worker process of `item_pool`: one item after another, each within its limits."""

import pickle
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Literal, NamedTuple

import psutil

from darkroom.workers import freed_memory, time_limit
from darkroom.workers.worker_process import live_and_die_with_parent

Loss = Literal["crashed", "slow", "large"]  # killed by anything, killed by its timer, or stopped for lack of memory

BATCH = 0.05  # seconds of work whose results are sent together
MARK = b""  # an empty message costs its length alone


class Limits(NamedTuple):
    """What one item may use."""

    seconds: float  # of processor time
    memory: int  # bytes, beyond what the worker has when it starts


class Lost(NamedTuple):
    """The result of an item that has none."""

    reason: Loss


class Raised(NamedTuple):
    """The result of an item for which the function raised."""

    exception: Exception


@dataclass(frozen=True)
class Batched:
    """A function of one item in two steps, of which a worker does the second for many items at once.

    `each` makes something of one item and carries all the risk. `together` makes the results of a list of those, in
    order; a result must not depend on what else is in the list.
    """

    each: Callable[[Any], Any]
    together: Callable[[list], list]

    def __call__(self, item: object) -> Any:
        return self.together([self.each(item)])[0]


class Unopened:
    """A pickled function of a module, on its way to a worker through a process that does not import the module.

    Who unpickles it has the function.
    """

    def __init__(self, module: str, pickled: bytes):
        self.__module__, self._pickled = module, pickled

    def __reduce__(self) -> tuple[Callable, tuple[bytes]]:
        return pickle.loads, (self._pickled,)


def module_of(function: Callable) -> str:
    """The module of the function that a `partial` or a `Batched` calls."""
    while isinstance(function, Batched) or hasattr(function, "func"):
        function = function.each if isinstance(function, Batched) else function.func
    return function.__module__


def serve(function: Callable, limits: Limits | None, connection: Connection, marks: Connection) -> None:
    """Apply `function` to the lists of items that come through `connection`, and send a MARK to `marks` for each."""
    live_and_die_with_parent()
    time_limit.prepare()
    freed_memory.keep()
    if limits:
        _limit_memory(limits.memory)
    seconds = limits.seconds if limits else 0.0  # 0: a timer that never ends
    with suppress(EOFError, BrokenPipeError):  # the parent needs no more
        while True:
            for results in _batches(function, connection.recv(), seconds, marks):
                connection.send(results)


def _batches(function: Callable, items: Sequence, seconds: float, marks: Connection) -> Iterator[list]:
    each, together = (function.each, function.together) if isinstance(function, Batched) else (function, None)
    batch: list = []
    start = time.monotonic()
    for item in items:
        marks.send_bytes(MARK)
        batch.append(_result(each, item, seconds))
        if time.monotonic() - start > BATCH:
            yield _joined(together, batch, seconds)
            batch, start = [], time.monotonic()
    if batch:
        yield _joined(together, batch, seconds)


def _joined(together: Callable | None, batch: list, seconds: float) -> list:
    """The results of a batch after its second step; one that this fails for costs no other its result."""
    good = [made for made in batch if not isinstance(made, Lost | Raised)]
    if together is None or not good:
        return batch
    results = _result(together, good, seconds)
    if isinstance(results, Lost | Raised):
        alone = [_result(together, [made], seconds) for made in good]
        results = [result if isinstance(result, Lost | Raised) else result[0] for result in alone]
    left = iter(results)
    return [made if isinstance(made, Lost | Raised) else next(left) for made in batch]


def _result(function: Callable, item: object, seconds: float) -> Any:
    try:
        with time_limit.within(seconds):
            return function(item)
    except MemoryError:
        return Lost("large")
    except Exception as exception:
        return Raised(exception)


def _limit_memory(more: int) -> None:
    limit = psutil.Process().memory_info().vms + more
    with suppress(ImportError, OSError, ValueError, OverflowError):  # the system has no such limit, or a lower one
        import resource  # Windows has none

        _, maximum = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (limit, maximum))
