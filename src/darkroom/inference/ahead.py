"""Compute in a thread while the next inputs are made: the model works on a batch as the decoders fill others."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, NamedTuple, TypeVar

from darkroom.runtime.process import Terminated

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Raised(NamedTuple):
    fault: Exception


def map(compute: Callable[[Item], Result], items: Iterable[Item], most: int) -> Iterator[Result]:
    """Yield `compute` of each of the `items`, in order, one at a time; at most `most` items wait for it.

    `items` are made in the caller's thread. What `compute` raises is raised here, and ends it. Whoever takes no more
    waits for the computation that is going on: Python must not end while a library computes in a thread.
    """
    waiting: SimpleQueue = SimpleQueue()
    done: SimpleQueue = SimpleQueue()
    thread = Thread(target=_serve, args=(compute, waiting, done), daemon=True)
    thread.start()
    left = 0
    try:
        for item in items:
            waiting.put((item,))
            left += 1
            while left > most or not done.empty():
                yield _value(done.get())
                left -= 1
        for _ in range(left):
            yield _value(done.get())
    except (KeyboardInterrupt, Terminated):  # a process that ends at once, without Python's cleanup, waits for nothing
        _drop(waiting)
        waiting.put(())
        raise
    except BaseException:
        _drop(waiting)
        _end(thread, waiting)
        raise
    else:
        _end(thread, waiting)


def _drop(waiting: SimpleQueue) -> None:
    with suppress(Empty):
        while True:
            waiting.get_nowait()


def _end(thread: Thread, waiting: SimpleQueue) -> None:
    waiting.put(())
    thread.join()


def _serve(compute: Callable, waiting: SimpleQueue, done: SimpleQueue) -> None:
    while job := waiting.get():
        try:
            done.put(compute(*job))
        except Exception as fault:  # raised again in the caller's thread
            done.put(_Raised(fault))
            return


def _value(result: Any) -> Any:
    if isinstance(result, _Raised):
        raise result.fault
    return result
