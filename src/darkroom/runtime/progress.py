"""Show how far a loop is: a bar on a terminal, elsewhere a line now and then, for a log is read later.

One bar at a time, which goes away when its loop ends. Whoever holds `recorded` also learns of it: `darkroom status`.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from darkroom.runtime.stage_record import Work

Item = TypeVar("Item")
Show = Callable[[int, str], None]  # takes how much is done, and words about it
OnWork = Callable[[Work], None]

PAUSE = 30.0  # seconds between two lines of a log, at least
RECORD_PAUSE = 1.0  # seconds between two records

_on_work: ContextVar[OnWork | None] = ContextVar("on_work", default=None)
_is_shown: ContextVar[bool] = ContextVar("is_shown", default=False)  # whether a loop is


@contextmanager
def recorded(on_work: OnWork) -> Iterator[None]:
    """Within the block, call `on_work` with what loops of this process have done, about once a second."""
    token = _on_work.set(on_work)
    try:
        yield
    finally:
        _on_work.reset(token)


@contextmanager
def shown(title: str, total: int, first: int = 0) -> Iterator[Show]:
    """Yield the function that shows a loop of `total` steps, of which `first` were done by an earlier run.

    A loop within another one is not shown.
    """
    if _is_shown.get():
        yield lambda done, words: None
        return
    record = _recorder(title, total, first)
    with _outermost(), _bar(title, total, first) if sys.stderr.isatty() else _lines(title, total) as show:

        def both(done: int, words: str) -> None:
            record(done)
            show(done, words)

        yield both


def each(items: Iterable[Item], total: int, title: str) -> Iterator[Item]:
    """Yield the `items`, of which there are `total`, and show how many were taken."""
    with shown(title, total) as show:
        for done, item in enumerate(items, 1):
            yield item
            show(done, "")


@contextmanager
def _outermost() -> Iterator[None]:
    _is_shown.set(True)
    try:
        yield
    finally:
        _is_shown.set(False)


@contextmanager
def _bar(title: str, total: int, first: int) -> Iterator[Show]:
    from rich.console import Console  # only a terminal pays for it
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    words, console, is_shared = TextColumn("{task.fields[words]}"), Console(stderr=True), sys.stdout.isatty()
    # lines that go elsewhere must not come to the terminal, where rich would print them above the bar
    with Progress(*columns, words, console=console, transient=True, redirect_stdout=is_shared) as bar:
        task = bar.add_task(title, total=total, completed=first, words="")
        yield lambda done, words: bar.update(task, completed=done, words=words)


@contextmanager
def _lines(title: str, total: int) -> Iterator[Show]:
    is_due = _every(PAUSE)

    def show(done: int, words: str) -> None:
        if is_due():
            print(f"  {title}: {done} of {total}{words and f', {words}'}", file=sys.stderr, flush=True)

    yield show


def _recorder(title: str, total: int, first: int) -> Callable[[int], None]:
    on_work, start, is_due = _on_work.get(), time.monotonic(), _every(RECORD_PAUSE)

    def record(done: int) -> None:
        if on_work and is_due():
            on_work(Work(title, done, total, time.monotonic() - start, first))

    return record


def _every(pause: float) -> Callable[[], bool]:
    """A function that is true when its last truth, or this call, is `pause` seconds old."""
    last = time.monotonic()

    def is_due() -> bool:
        nonlocal last
        if time.monotonic() - last < pause:
            return False
        last = time.monotonic()
        return True

    return is_due
