"""Worker processes that live from task to task, for tasks of minutes after a costly start.

Beside `engine`, whose workers take small items by the thousand, this is the one place that knows where work runs.
"""

import multiprocessing
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import NamedTuple

import psutil

from darkroom.workers.item_pool import live_and_die_with_parent


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
            key, arguments = self._waiting[0]
            try:
                worker.wire.send(arguments)
            except (BrokenPipeError, ConnectionResetError):  # killed while it had nothing to do
                self._let_go(worker)
                continue
            self._waiting.popleft()
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
    live_and_die_with_parent()
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
