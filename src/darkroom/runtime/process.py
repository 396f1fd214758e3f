"""Signals that end a process, and standard streams that are closed or full."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

import psutil

OUT, ERR = 1, 2  # the numbers of the streams
STOPPED = 129, 130, 143  # exit codes after SIGHUP, SIGINT and SIGTERM
STOPS = tuple(number for number in signal.Signals if number.name in ("SIGINT", "SIGTERM", "SIGHUP"))  # Windows has two


class Terminated(BaseException):
    """The process received SIGTERM or SIGHUP. Like KeyboardInterrupt it is no Exception, so no handler swallows it."""

    def __init__(self, number: int = signal.SIGTERM):
        super().__init__(number)
        self.exit_code = 128 + number


@contextmanager
def stoppable() -> Iterator[None]:
    """Within the block, let Ctrl-C raise KeyboardInterrupt, and SIGTERM and SIGHUP raise Terminated, once.

    The next signal ends the process as the system does. Signals that the parent process ignores (nohup) stay ignored.
    """
    before = {number: signal.getsignal(number) for number in STOPS}
    handled = [number for number, handler in before.items() if handler in (signal.SIG_DFL, signal.default_int_handler)]
    for number in handled:
        signal.signal(number, _stop)
    try:
        yield
    finally:
        for number in handled:
            signal.signal(number, before[number])


def open_streams() -> None:
    """Replace closed streams by a sink; otherwise the next file opened would get their number and the output."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # it gets the lowest number that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        getattr(sys, name).reconfigure(errors="backslashreplace")


def output_fails(*, probed: bool = False) -> OSError | None:
    """Return why the standard output cannot be written, and drop it then; None if it can.

    Unbuffered output leaves nothing to flush, so after a failure it has to be `probed` with a line end.
    """
    try:
        sys.stdout.flush()
        if probed:
            os.write(OUT, b"\n")
    except OSError as fault:
        _drop(OUT)
        return fault
    return None


def print_error(line: str) -> None:
    """Print a line on stderr, or nothing if stderr cannot be written."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        _drop(sys.stderr.fileno())


def leave(code: int) -> NoReturn:
    """End at once, without cleanup: TensorFlow takes seconds to shut down, and more signals may come meanwhile.

    Child processes are killed too, except for Python's resource tracker, which cleans up after them.
    """
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if not any("resource_tracker" in word for word in child.cmdline()):
                child.kill()
    os._exit(code)


def _stop(number: int, _: object) -> NoReturn:
    for stop in STOPS:
        if signal.getsignal(stop) is _stop:
            signal.signal(stop, signal.SIG_DFL)
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated(number)


def _drop(stream: int) -> None:
    """Discard what is buffered and all further output; otherwise Python would fail on it at exit."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, stream)
    os.close(sink)
