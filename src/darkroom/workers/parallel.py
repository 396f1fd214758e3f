"""Apply a function to many items: in this process, then, when there is much work, in worker processes.

Work starts in this process; after a probe of 0.05 s, workers take over the rest if that would last longer than
starting them. So a tiny input never pays for a pool and a large one hardly notices. Where the workers are, on this
machine or on a cluster, `engine` knows. Results come in the order of the
items, with a bounded number in flight, so memory does not grow with the input.

Code that may crash or never end, such as decoders of untrusted files, never runs in this process if the caller says
what the result of a lost item is: a dead worker then costs the one item it died on, and an item that takes too long
costs its limit once, while the other workers go on.

The price: functions and items must be picklable, and workers start fresh (forkserver), because a plain fork
copies locks that threads of other libraries hold.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from darkroom.runtime import processors as granted
from darkroom.runtime import progress
from darkroom.runtime.errors import EnvironmentFault
from darkroom.workers import engine
from darkroom.workers.item_pool import WorkerStartError
from darkroom.workers.serving import Limits, Loss, Lost, Raised

Item = TypeVar("Item")
Result = TypeVar("Result")

PROBE = 0.05  # seconds of work from which the duration of the rest is estimated
WORTHWHILE = 0.5  # seconds of work ahead that are worth starting workers for
KILLED_FIX = "free memory, then run it again"
START_FIX = "allow more processes and open files (ulimit -u, ulimit -n), or free memory"


def map(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    title: str,
    workers: int | None = None,
    lost: Callable[[Item, Loss], Result] | None = None,
    limits: Limits | None = None,
) -> Iterator[Result]:
    """Return `function` of each item, in order. `workers` None takes every processor this process may use.

    What `function` raises is raised here. The result of an item that kills its worker, or that exceeds `limits` in a
    worker, is `lost(item, reason)`. Without `lost` such an item raises EnvironmentFault (exit 5), as it does when no
    worker can be started. `title` names the work in the progress bar and in errors.
    """
    return progress.each(_results(function, items, workers or processors(), lost, limits, title), len(items), title)


def processors() -> int:
    """Return how many processors this process may use, which containers and job schedulers limit."""
    return granted.granted()


def _results(
    function: Callable, items: Sequence, workers: int, lost: Callable | None, limits: Limits | None, title: str
) -> Iterator:
    start, done = time.monotonic(), 0
    while lost is None and done < len(items):
        if workers > 1 and _is_much(time.monotonic() - start, done, len(items) - done):
            break
        yield function(items[done])
        done += 1
    if done < len(items):
        rest = items[done:] if done else items  # what is made when it is asked for stays so
        results = engine.results(function, rest, workers, limits)
        try:
            for number, result in enumerate(results):
                yield _value(rest, number, result, lost, title)
        except WorkerStartError as fault:
            what = f"worker processes cannot be started: {fault}"
            raise EnvironmentFault("E_WORKER", what, where=title, fix=START_FIX) from fault


def _is_much(spent: float, done: int, left: int) -> bool:
    return spent > PROBE and spent / max(1, done) * left > WORTHWHILE


def _value(items: Sequence, number: int, result: object, lost: Callable | None, title: str) -> object:
    """The result of an item, which is only asked for when it was lost: it may have to be made."""
    if isinstance(result, Raised):
        raise result.exception
    if not isinstance(result, Lost):
        return result
    if lost is None:
        raise EnvironmentFault("E_WORKER", "a worker process was killed", where=title, fix=KILLED_FIX)
    return lost(items[number], result.reason)
