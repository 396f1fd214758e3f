"""Worker processes that live from task to task, for tasks of minutes after a costly start.

`parallel` is for the opposite case: small items by the thousand.
"""

import multiprocessing
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Literal, NamedTuple, cast

import psutil

from darkroom.workers.worker_process import fresh_processes, live_and_die_with_parent, start_fresh


class Event(NamedTuple):
    """What happened to the task `key`; `value` is the message, the result, or in one line why the task failed."""

    key: Hashable
    kind: Literal["started", "message", "done", "failed"]
    value: object = None


class TaskPool:
    """Worker processes that run `task(*arguments, send)` one after the other; `send(value)` sends a message at once.

    A task that raises or kills its worker fails, and costs that task alone. A worker whose memory grew by more than
    `max_growth` bytes since its first task is replaced. `start(worker_id)` is called once in each worker; the ids are
    those from 0 to `workers` - 1, and a replacement takes over the id.
    """

    def __init__(self, task: Callable, start: Callable[[int], None], workers: int, *, max_growth: int):
        self._context = fresh_processes([task.__module__])
        self._task, self._start, self._max_growth = task, start, max_growth
        self._free_ids = list(range(workers))
        self._waiting: deque[tuple[Hashable, tuple]] = deque()
        self._idle: list[_Worker] = []
        self._busy: dict[Connection, tuple[_Worker, Hashable]] = {}
        self._events: deque[Event] = deque()

    def __enter__(self) -> "TaskPool":
        return self

    def __exit__(self, *fault: object) -> None:
        for worker in [*self._idle, *(worker for worker, _ in self._busy.values())]:
            worker.process.kill()
            worker.process.join()

    def submit(self, key: Hashable, *arguments: object) -> None:
        self._waiting.append((key, arguments))

    def cancel(self) -> list[Hashable]:
        """Withdraw the tasks that no worker has begun, and return their keys."""
        keys = [key for key, _ in self._waiting]
        self._waiting.clear()
        return keys

    def next(self) -> Event:
        """Wait for the next event. There must be a task that has not ended."""
        self._assign()
        while not self._events:
            for connection in cast(list[Connection], wait(list(self._busy))):
                self._receive(connection)
        return self._events.popleft()

    def _assign(self) -> None:
        """Give the waiting tasks to idle and new workers, as far as there are any."""
        while self._waiting and (self._idle or self._free_ids):
            worker = self._idle.pop() if self._idle else self._spawn(self._free_ids.pop(0))
            key, arguments = self._waiting[0]
            try:
                worker.connection.send(arguments)
            except (BrokenPipeError, ConnectionResetError):  # killed while it was idle
                self._retire(worker)
                continue
            self._waiting.popleft()
            self._busy[worker.connection] = worker, key
            self._events.append(Event(key, "started"))

    def _spawn(self, worker_id: int) -> "_Worker":
        connection, child = multiprocessing.Pipe()
        process = self._context.Process(target=_serve, args=(self._task, self._start, worker_id, child), daemon=True)
        start_fresh(process, self._task.__module__)
        child.close()  # so that the death of the worker ends the connection
        return _Worker(worker_id, process, connection)

    def _receive(self, connection: Connection) -> None:
        worker, key = self._busy[connection]
        try:
            kind, value, memory = connection.recv()
        except (EOFError, ConnectionResetError):
            worker.process.join()
            reason = f"its worker was killed (exit code {worker.process.exitcode}), perhaps for want of memory"
            self._events.append(Event(key, "failed", reason))
            self._retire(worker)
            return
        self._events.append(Event(key, kind, value))
        if kind != "message":
            del self._busy[connection]
            worker.initial_memory = worker.initial_memory or memory
            self._idle.append(worker)
            if memory - worker.initial_memory > self._max_growth:
                self._retire(self._idle.pop())

    def _retire(self, worker: "_Worker") -> None:
        self._busy.pop(worker.connection, None)
        worker.process.kill()
        worker.process.join()
        worker.connection.close()
        self._free_ids.append(worker.worker_id)


@dataclass
class _Worker:
    worker_id: int
    process: BaseProcess
    connection: Connection
    initial_memory: int = 0  # bytes in use after its first task


def _serve(task: Callable, start: Callable[[int], None], worker_id: int, connection: Connection) -> None:
    live_and_die_with_parent()
    start(worker_id)
    memory = psutil.Process().memory_info
    while True:
        arguments = connection.recv()
        try:
            result = task(*arguments, lambda value: connection.send(("message", value, 0)))
        except Exception as fault:  # whatever a task raises, the next ones run
            connection.send(("failed", f"{type(fault).__name__}: {fault}".splitlines()[0], memory().rss))
        else:
            connection.send(("done", result, memory().rss))
