"""What the system does to a process whatever its work is: signals that end it, and streams that are closed or full."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

import psutil

OUT, ERR = 1, 2  # the numbers of the streams
STOPPED = 129, 130, 143  # exit codes after SIGHUP, SIGINT and SIGTERM
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Terminated(BaseException):
    """The process was told to end (SIGTERM, SIGHUP). As an interrupt it is no Exception, so nothing goes on from it."""

    def __init__(self, number: int = signal.SIGTERM):
        super().__init__(number)
        self.exit_code = 128 + number


@contextmanager
def stoppable() -> Iterator[None]:
    """In the block Ctrl-C raises KeyboardInterrupt, SIGTERM and SIGHUP raise Terminated, once; the next ends the
    process as the system does. Signals that whoever started the process ignores (nohup) stay ignored."""
    before = {number: signal.getsignal(number) for number in STOPS}
    ours = [number for number, handler in before.items() if handler in (signal.SIG_DFL, signal.default_int_handler)]
    for number in ours:
        signal.signal(number, _stop)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, before[number])


def open_streams() -> None:
    """Put a sink in place of closed streams: the next file opened would get their numbers, and what is printed."""
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
    """Why what was printed cannot be written, after which it is dropped.

    Python keeps nothing back where its output is unbuffered, so after a failure it has to be `probed` with a line end.
    """
    try:
        sys.stdout.flush()
        if probed:
            os.write(OUT, b"\n")
    except OSError as fault:
        _drop(OUT)
        return fault
    return None


def tell(line: str) -> None:
    """One line on stderr; where that cannot be written, nothing."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        _drop(ERR)


def leave(code: int) -> NoReturn:
    """End at once, when all that matters is done: TensorFlow takes seconds to fall apart, and signals come in a row.

    The processes that this one started go too, but for the one with which Python tidies up after dead ones.
    """
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if not any("resource_tracker" in word for word in child.cmdline()):
                child.kill()
    os._exit(code)


def _stop(number: int, _: object) -> NoReturn:
    for each in STOPS:
        if signal.getsignal(each) is _stop:
            signal.signal(each, signal.SIG_DFL)
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated(number)


def _drop(stream: int) -> None:
    """Let what is still held back, and all that follows, go nowhere: Python would fail on it when it ends."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, stream)
    os.close(sink)
