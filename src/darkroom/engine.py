"""Where work runs: in this process, then, when there is much of it, in worker processes of this machine.

Work starts right here, and after a glimpse workers take the rest, if that would last longer than starting them does.
So a tiny input never pays for a pool and a large one hardly notices. Results come in the order of the items,
with a bounded number in flight, so memory does not grow with the input.

Code that may crash, as decoders of strangers' files, is never run here when the caller says what the result of a
crash is: a dead worker then costs the one item it died on.

The price: functions and items must be picklable, and workers start fresh (forkserver), because a plain fork
copies locks that threads of other libraries hold.
"""

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from darkroom.errors import EnvironmentFault

Item = TypeVar("Item")
Result = TypeVar("Result")

GLIMPSE = 0.05  # seconds of work that the rest is estimated from
PATIENCE = 0.5  # seconds of work ahead that are worth starting workers for
CHUNK = 32  # items handed to a worker at a time, at most
AHEAD = 3  # chunks in flight for each worker


def map(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    title: str,
    workers: int | None = None,
    lost: Callable[[Item], Result] | None = None,
) -> Iterator[Result]:
    """`function` of each item, in order. `workers` None takes every processor this process may use.

    What `function` raises is raised here. When a worker is killed, `lost` makes the result of the item it died on;
    without `lost` that raises EnvironmentFault (exit 5).
    """
    return bar(_results(function, items, workers or processors(), lost), len(items), title)


def bar(results: Iterable[Result], total: int, title: str) -> Iterable[Result]:
    """`results`, with a progress bar of `total` on stderr where that is a terminal."""
    if not sys.stderr.isatty():
        return results
    from rich.console import Console  # only a terminal pays for it
    from rich.progress import track

    return track(results, title, total=total, console=Console(stderr=True), transient=True)


def processors() -> int:
    """How many processors this process may use: containers and job schedulers grant fewer than there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _results(function: Callable, items: Sequence, workers: int, lost: Callable | None) -> Iterator:
    start, done = time.monotonic(), 0
    while lost is None and done < len(items):
        if workers > 1 and _is_much(time.monotonic() - start, done, len(items) - done):
            break
        yield function(items[done])
        done += 1
    if done < len(items):
        yield from _in_workers(function, items[done:], workers, lost)


def _is_much(spent: float, done: int, left: int) -> bool:
    return spent > GLIMPSE and spent / max(1, done) * left > PATIENCE


def _in_workers(function: Callable, items: Sequence, workers: int, lost: Callable | None) -> Iterator:
    size = max(1, min(CHUNK, len(items) // (workers * AHEAD)))
    chunks = deque(items[start : start + size] for start in range(0, len(items), size))
    while chunks:
        yield from _until_a_worker_dies(function, chunks, workers)
        if chunks and lost is None:
            raise EnvironmentFault(
                "E_WORKER", "a worker process was killed", where=function, fix="free memory, then run it again"
            )
        if chunks:
            yield from _one_by_one(function, chunks.popleft(), lost)


def _until_a_worker_dies(function: Callable, chunks: deque, workers: int, ahead: int = AHEAD) -> Iterator:
    """The results of the chunks, each taken off when it is done. Those in flight with a dead worker stay."""
    pool, waiting = _pool(function, min(workers, len(chunks))), deque()
    try:
        while chunks:
            while len(waiting) < min(workers * ahead, len(chunks)):
                waiting.append(pool.submit(_each, function, chunks[len(waiting)]))
            results = waiting.popleft().result()
            chunks.popleft()
            yield from results
    except BrokenProcessPool:
        return
    finally:
        pool.shutdown(cancel_futures=True)


def _one_by_one(function: Callable, items: Sequence, lost: Callable) -> Iterator:
    """Somebody among the items kills workers: one worker, one item at a time, shows who.

    None is handed out ahead: a death while that is done would be put down to the item before it.
    """
    alone = deque([item] for item in items)
    while alone:
        yield from _until_a_worker_dies(function, alone, 1, ahead=1)
        if alone:
            yield lost(alone.popleft()[0])


def _pool(function: Callable, workers: int) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("forkserver")
    home = getattr(function, "func", function).__module__  # of what a partial calls, too
    context.set_forkserver_preload([home])  # imported once, for all workers
    return ProcessPoolExecutor(workers, context, initializer=live_and_die_with_parent)


def _each(function: Callable, items: Sequence) -> list:
    return [function(item) for item in items]


def live_and_die_with_parent() -> None:
    """What a worker does first.

    Ctrl-C is for the parent to handle, and when that is killed, which nobody can handle, its workers go too.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()
