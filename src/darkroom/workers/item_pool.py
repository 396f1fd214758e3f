"""Worker processes that are killed, not waited for: one that hangs or grows costs its current item, and no other.

A decoder is C code that no thread can stop, so the system stops the process: by the timer of `time_limit`, which
counts processor time, because how busy a machine is must not decide which images are good, and by a limit of its
address space. Before each item a worker sends an empty message through a pipe that is read after its death: their
number tells which item that was, so each item is tried once. Results are sent in batches.

The price: a few system calls per item (9 microseconds), a new process for each item that kills one (about 0.1 s), and
a second try for the results that were not sent yet, which are 0.05 s of work at most. A platform that does not limit
address space (macOS, Windows) has no limit of memory. Pipes alone, no semaphores: this works where /dev/shm cannot be
written.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import cast

from darkroom.workers import serving, time_limit
from darkroom.workers.serving import Limits, Loss, Lost
from darkroom.workers.worker_process import fresh_processes, start_fresh


class WorkerStartError(Exception):
    """Workers cannot be started, or die before they do anything; its text is the reason."""


class ItemPool:
    """Workers that apply `function` to items, at most `size` at a time. To be used in a `with` block."""

    def __init__(self, function: Callable, size: int, limits: Limits | None):
        self.size, self._function, self._limits = size, function, limits
        self._idle: list[_Worker] = []
        self._busy: dict[Connection, _Worker] = {}

    def __enter__(self) -> "ItemPool":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill the workers."""
        for worker in [*self._idle, *self._busy.values()]:
            worker.kill()

    def has_room(self) -> bool:
        return len(self._busy) < self.size

    def submit(self, numbers: range, items: Sequence) -> None:
        """Send a chunk of `items`, identified by `numbers`, to an idle or a new worker. There must be room."""
        worker = self._idle.pop() if self._idle else _Worker(self._function, self._limits)
        worker.send(numbers, items)
        self._busy[worker.connection] = worker

    def receive(self) -> Iterator[tuple[range, list]]:
        """Wait until a worker sends results or dies; yield results with the numbers of their items.

        After a death the numbers that must be submitted again come with an empty list.
        """
        for connection in cast(list[Connection], wait(list(self._busy))):
            worker = self._busy[connection]
            try:
                results = connection.recv()
            except (EOFError, OSError):  # between two messages, or in the middle of one
                del self._busy[connection]
                yield from worker.unfinished()
                continue
            yield worker.finished(results), results
            if not worker.remaining:
                self._idle.append(self._busy.pop(connection))


class _Worker:
    def __init__(self, function: Callable, limits: Limits | None):
        module = serving.module_of(function)
        context = fresh_processes([module])
        self.remaining, self._is_new = range(0), True
        try:
            self.connection, child = context.Pipe()
            self._marks, child_marks = context.Pipe(duplex=False)
            arguments = function, limits, child, child_marks
            self._process = context.Process(target=serving.serve, args=arguments, daemon=True)
            start_fresh(self._process, module)
        except OSError as fault:
            raise WorkerStartError(fault.strerror or str(fault)) from fault
        child.close()  # so that the death of the worker ends the pipes
        child_marks.close()

    def send(self, numbers: range, items: Sequence) -> None:
        self.remaining = numbers
        with suppress(BrokenPipeError, ConnectionResetError):  # it died while idle; `receive` will notice
            self.connection.send(items)

    def finished(self, results: list) -> range:
        """Return the numbers that `results`, the next ones, belong to."""
        count, self._is_new = len(results), False
        numbers, self.remaining = self.remaining[:count], self.remaining[count:]
        for _ in range(count):
            self._marks.recv_bytes()
        return numbers

    def unfinished(self) -> Iterator[tuple[range, list]]:
        """Yield what a dead worker leaves: the item that killed it, and what must be done again."""
        self._process.join()
        begun = self._count_marks()
        if not begun and self._is_new:
            raise WorkerStartError(f"they die at their start (exit code {self._process.exitcode})")
        if begun:
            reason: Loss = "slow" if time_limit.ended(self._process.exitcode) else "crashed"
            yield self.remaining[begun - 1 : begun], [Lost(reason)]
        for again in (self.remaining[: max(0, begun - 1)], self.remaining[begun:]):
            if again:
                yield again, []
        self.kill()

    def _count_marks(self) -> int:
        count = 0
        with suppress(EOFError, OSError):  # the pipe ends with the worker
            while count < len(self.remaining):
                self._marks.recv_bytes()
                count += 1
        return count

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self.connection.close()
        self._marks.close()
