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
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import NamedTuple, TypeVar

import psutil

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
    return ProcessPoolExecutor(workers, context, initializer=_live_and_die_with_parent)


def _each(function: Callable, items: Sequence) -> list:
    return [function(item) for item in items]


def _live_and_die_with_parent() -> None:
    """Ctrl-C is for the parent to handle, and when that is killed, which nobody can handle, its workers go too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


# Workers that live from task to task, for tasks of minutes after a costly start.


class Event(NamedTuple):
    """What became of the task `key`: "started", "told" (a value of its own), "done" (its result), "failed" (a line)."""

    key: Hashable
    kind: str
    value: object = None


class Crew:
    """Worker processes that do `task(*arguments, tell)` one after the other; `tell(value)` sends a value home at once.

    A task that raises or kills its worker fails, and costs that task alone. A worker whose memory grew by more than
    `growth` bytes since its first task is replaced. `start(seat)` is called once in each worker, with its number.
    """

    def __init__(self, task: Callable, start: Callable[[int], None], workers: int, *, growth: int):
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([task.__module__])
        self._task, self._start, self._growth = task, start, growth
        self._seats = list(range(workers))
        self._waiting: deque[tuple[Hashable, tuple]] = deque()
        self._idle: list[_Worker] = []
        self._busy: dict[Connection, tuple[_Worker, Hashable]] = {}
        self._events: deque[Event] = deque()

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *fault: object) -> None:
        for worker in [*self._idle, *(worker for worker, _ in self._busy.values())]:
            worker.process.kill()
            worker.process.join()

    def submit(self, key: Hashable, *arguments: object) -> None:
        self._waiting.append((key, arguments))

    def cancel(self) -> list[Hashable]:
        """Take back the tasks that no worker has begun, and return their keys."""
        taken = [key for key, _ in self._waiting]
        self._waiting.clear()
        return taken

    def next(self) -> Event:
        """Wait for what happens next. There must be a task that has not ended."""
        self._hand_out()
        while not self._events:
            for wire in wait(list(self._busy)):
                self._hear(wire)
        return self._events.popleft()

    def _hand_out(self) -> None:
        while self._waiting and (self._idle or self._seats):
            worker = self._idle.pop() if self._idle else self._hire(self._seats.pop(0))
            if not worker.process.is_alive():  # killed while it had nothing to do
                self._let_go(worker)
                continue
            key, arguments = self._waiting.popleft()
            worker.wire.send(arguments)
            self._busy[worker.wire] = worker, key
            self._events.append(Event(key, "started"))

    def _hire(self, seat: int) -> "_Worker":
        wire, far = multiprocessing.Pipe()
        process = self._context.Process(target=_serve, args=(self._task, self._start, seat, far), daemon=True)
        process.start()
        far.close()  # so that its death is heard as the end of the wire
        return _Worker(seat, process, wire)

    def _hear(self, wire: Connection) -> None:
        worker, key = self._busy[wire]
        try:
            kind, value, memory = wire.recv()
        except (EOFError, ConnectionResetError):
            worker.process.join()
            why = f"its worker was killed (exit code {worker.process.exitcode}), perhaps for want of memory"
            self._events.append(Event(key, "failed", why))
            self._let_go(worker)
            return
        self._events.append(Event(key, kind, value))
        if kind != "told":
            del self._busy[wire]
            worker.first = worker.first or memory
            self._idle.append(worker)
            if memory - worker.first > self._growth:
                self._let_go(self._idle.pop())

    def _let_go(self, worker: "_Worker") -> None:
        self._busy.pop(worker.wire, None)
        worker.process.kill()
        worker.process.join()
        worker.wire.close()
        self._seats.append(worker.seat)


@dataclass
class _Worker:
    seat: int
    process: BaseProcess
    wire: Connection
    first: int = 0  # bytes in use after its first task


def _serve(task: Callable, start: Callable[[int], None], seat: int, wire: Connection) -> None:
    _live_and_die_with_parent()
    start(seat)
    memory = psutil.Process().memory_info
    while True:
        arguments = wire.recv()
        try:
            result = task(*arguments, lambda value: wire.send(("told", value, 0)))
        except Exception as fault:  # whatever a task dies of, others go on
            wire.send(("failed", f"{type(fault).__name__}: {fault}".splitlines()[0], memory().rss))
        else:
            wire.send(("done", result, memory().rss))
