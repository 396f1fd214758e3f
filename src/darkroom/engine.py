"""Where work runs: in this process, then, when there is much of it, in worker processes of this machine.

Work starts right here, and workers join only when it has taken half a second, about what starting them costs.
So a tiny input never pays for a pool and a large one hardly notices. Results come in the order of the items,
with a bounded number in flight, so memory does not grow with the input.

The price: functions and items must be picklable, and workers start fresh (forkserver), because a plain fork
copies locks that threads of other libraries hold.
"""

import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from darkroom.errors import EnvironmentFault

Item = TypeVar("Item")
Result = TypeVar("Result")

PATIENCE = 0.5  # seconds of work before workers are started
CHUNK = 32  # items handed to a worker at a time, at most
AHEAD = 3  # chunks in flight for each worker


def map(
    function: Callable[[Item], Result], items: Sequence[Item], *, title: str, workers: int | None = None
) -> Iterator[Result]:
    """`function` of each item, in order. `workers` None takes every processor this process may use.

    What `function` raises is raised here. Raises EnvironmentFault (exit 5) when a worker is killed.
    """
    results = _results(function, items, workers or processors())
    return _with_bar(results, len(items), title) if sys.stderr.isatty() else results


def processors() -> int:
    """How many processors this process may use: containers and job schedulers grant fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _results(function: Callable, items: Sequence, workers: int) -> Iterator:
    start = time.monotonic()
    for done, item in enumerate(items):
        if workers > 1 and time.monotonic() - start > PATIENCE:
            yield from _in_workers(function, items[done:], workers)
            return
        yield function(item)


def _in_workers(function: Callable, items: Sequence, workers: int) -> Iterator:
    size = max(1, min(CHUNK, len(items) // (workers * AHEAD)))
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("forkserver"), initializer=_leave_ctrl_c_to_parent)
    waiting: deque = deque()
    try:
        for start in range(0, len(items), size):
            waiting.append(pool.submit(_each, function, items[start : start + size]))
            if len(waiting) >= workers * AHEAD:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    except BrokenProcessPool as fault:
        raise EnvironmentFault(
            "E_WORKER", "a worker process was killed", where=function, fix="free memory, then run it again"
        ) from fault
    finally:
        pool.shutdown(cancel_futures=True)


def _each(function: Callable, items: Sequence) -> list:
    return [function(item) for item in items]


def _leave_ctrl_c_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _with_bar(results: Iterator, total: int, title: str) -> Iterator:
    from rich.console import Console  # only a terminal pays for it
    from rich.progress import track

    yield from track(results, title, total=total, console=Console(stderr=True), transient=True)
