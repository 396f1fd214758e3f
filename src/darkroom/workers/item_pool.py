"""Worker processes that are killed, not waited for: one that hangs or swells costs the item it was at, and no other.

A decoder is C code that no thread can stop, so the system stops the process: a timer of processor time whose signal
nothing in it catches, and a limit of its address space. Processor time, because what a machine is busy with must not
decide which images are good. Before each item a worker writes a byte to a pipe that is read after its death: the
number of bytes says which item that was, so each is tried once. Results go home when some have gathered.

The price: two system calls an item (2 microseconds), a new process for each item that kills one (about 0.1 s), and
a second try for the results that were not home yet, which are 0.05 s of work at most. A platform that does not limit
address space (macOS) has no limit of memory. Pipes alone, no semaphores: this works where /dev/shm cannot be written.
"""

import multiprocessing
import os
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Literal, NamedTuple

import psutil

Loss = Literal["crashed", "slow", "large"]  # killed by whatever, by its timer, or stopped for want of memory

GATHER = 0.05  # seconds of work whose results wait to be sent together


class Limits(NamedTuple):
    """What one item may take."""

    seconds: float  # of processor time
    memory: int  # bytes, beyond what the worker has when it starts


class Lost(NamedTuple):
    """The result of an item that has none."""

    why: Loss


class Raised(NamedTuple):
    """The result of an item for which the function raised."""

    fault: Exception


class WorkerStartError(Exception):
    """Workers cannot be started, or die before they do anything; its text is the reason."""


class Pool:
    """Workers that apply `function` to items, at most `size` at a time. To be used in a `with` block."""

    def __init__(self, function: Callable, size: int, limits: Limits | None):
        self._function, self._size, self._limits = function, size, limits
        self._idle: list[_Worker] = []
        self._busy: dict[Connection, _Worker] = {}

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_) -> None:
        for worker in [*self._idle, *self._busy.values()]:
            worker.kill()

    def has_room(self) -> bool:
        return len(self._busy) < self._size

    def give(self, numbers: range, items: Sequence) -> None:
        """Hand a chunk to a worker that has none: `items`, known by `numbers`. There must be room."""
        worker = self._idle.pop() if self._idle else _Worker(self._function, self._limits)
        worker.take(numbers, items)
        self._busy[worker.wire] = worker

    def hear(self) -> Iterator[tuple[range, list]]:
        """Wait until a worker says something; results by the numbers of their items.

        After a death the numbers that must be given again come with an empty list.
        """
        for wire in wait(list(self._busy)):
            worker = self._busy[wire]
            try:
                results = wire.recv()
            except (EOFError, OSError):  # at its end, or in the middle of what it was saying
                del self._busy[wire]
                yield from worker.inherit()
                continue
            yield worker.told(results), results
            if not worker.left:
                self._idle.append(self._busy.pop(wire))


class _Worker:
    def __init__(self, function: Callable, limits: Limits | None):
        context = multiprocessing.get_context("forkserver")
        home = getattr(function, "func", function).__module__  # of what a partial calls, too
        context.set_forkserver_preload([home])  # imported once, for all workers
        self.left, self._is_new = range(0), True
        try:
            self.wire, far = context.Pipe()
            self._marks, mark = context.Pipe(duplex=False)
            self._process = context.Process(target=_serve, args=(function, limits, far, mark), daemon=True)
            self._process.start()
        except OSError as fault:
            raise WorkerStartError(fault.strerror or str(fault)) from fault
        far.close()  # so that its death is heard as the end of the pipes
        mark.close()

    def take(self, numbers: range, items: Sequence) -> None:
        self.left = numbers
        with suppress(BrokenPipeError, ConnectionResetError):  # it died while idle, and will be heard as dead
            self.wire.send(items)

    def told(self, results: list) -> range:
        """The numbers that `results`, the next ones, belong to."""
        done, self.left, self._is_new = self.left[: len(results)], self.left[len(results) :], False
        os.read(self._marks.fileno(), len(done))
        return done

    def inherit(self) -> Iterator[tuple[range, list]]:
        """What a dead worker leaves: the item it died on, and what must be done again."""
        self._process.join()
        begun = len(os.read(self._marks.fileno(), max(1, len(self.left))))  # ends with the pipe
        if not begun and self._is_new:
            raise WorkerStartError(f"they die at their start (exit code {self._process.exitcode})")
        if begun:
            why: Loss = "slow" if self._process.exitcode == -signal.SIGPROF else "crashed"
            yield self.left[begun - 1 : begun], [Lost(why)]
        for again in (self.left[: max(0, begun - 1)], self.left[begun:]):
            if again:
                yield again, []
        self.kill()

    def kill(self) -> None:
        self._process.kill()
        self._process.join()
        self.wire.close()
        self._marks.close()


def _serve(function: Callable, limits: Limits | None, wire: Connection, mark: Connection) -> None:
    live_and_die_with_parent()
    signal.signal(signal.SIGPROF, signal.SIG_DFL)  # which ends the process, unless somebody above ignored it
    if limits:
        _limit_memory(limits.memory)
    seconds = limits.seconds if limits else 0.0  # 0: a timer that never ends
    with suppress(EOFError, BrokenPipeError):  # the parent needs no more
        while True:
            for results in _results(function, wire.recv(), seconds, mark.fileno()):
                wire.send(results)


def _results(function: Callable, items: Sequence, seconds: float, mark: int) -> Iterator[list]:
    gathered: list = []
    start = time.monotonic()
    for item in items:
        os.write(mark, b".")
        gathered.append(_result(function, item, seconds))
        if time.monotonic() - start > GATHER:
            yield gathered
            gathered, start = [], time.monotonic()
    if gathered:
        yield gathered


def _result(function: Callable, item: object, seconds: float) -> object:
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return function(item)
    except MemoryError:
        return Lost("large")
    except Exception as fault:
        return Raised(fault)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _limit_memory(more: int) -> None:
    limit = psutil.Process().memory_info().vms + more
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    with suppress(OSError, ValueError, OverflowError):  # where the system has no such limit, or a lower one
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))


def live_and_die_with_parent() -> None:
    """What a worker does first.

    Ctrl-C is for the parent to handle, and when that is killed, which nobody can handle, its workers go too.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()
