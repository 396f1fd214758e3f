"""End this process when an item takes too long, whatever it runs: a decoder is C code that no thread can stop.

Where the system has a timer of processor time, its signal ends the process, and a busy machine accepts the same
images. Windows has none: there a thread watches the clock, which ends only what lets other threads run, as most of
Pillow's decoders do.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

TOO_SLOW = 124  # exit code of a process that the clock ended, as timeout(1) has it


def prepare() -> None:
    """Let the timer's signal end this process, whatever a parent process did about it."""
    if hasattr(signal, "SIGPROF"):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)


@contextmanager
def by_processor_time(seconds: float) -> Iterator[None]:
    """Run the block for `seconds` of processor time at most; 0: without a limit."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


@contextmanager
def by_clock(seconds: float) -> Iterator[None]:
    """Run the block for `seconds` at most; 0: without a limit."""
    timer = threading.Timer(seconds or threading.TIMEOUT_MAX, os._exit, [TOO_SLOW])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


within = by_processor_time if hasattr(signal, "setitimer") else by_clock


def ended(exit_code: int | None) -> bool:
    """Whether a process with this exit code, negative for a signal, was ended by its limit."""
    return exit_code == TOO_SLOW or (hasattr(signal, "SIGPROF") and exit_code == -signal.SIGPROF)
