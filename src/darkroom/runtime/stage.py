"""Run a stage of the pipeline: alone, and with its faults told in one line.

DVC keeps two `dvc repro` apart, but not from a stage whose own `dvc repro` was killed: that one runs on and would
write over the outs of the next. So a stage holds a lock of its own; the system lets go of it when the process ends,
however it ends.
"""

import fcntl
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from darkroom.runtime import environment, errors
from darkroom.runtime.errors import BusyError, printable

WHY = "a power cut, kill -9, or a lack of memory, which a smaller batch_size needs less of; it goes on where it was"


def run(main: Callable[..., None], locks: Path) -> None:
    """`main` on the words of the command line, as `errors.program` does it, unless the same words run already.

    `locks` is the folder of the lock files. Ends with BusyError (exit 9) when the stage is running, and with
    EnvironmentFault (exit 5) when the environment asks for what cannot be, before any work.
    """

    def alone(*words: str) -> None:
        environment.check()
        name = "-".join([Path(sys.argv[0]).stem, *words])
        with _held(locks / f"{name}.lock", name):
            main(*words)

    errors.program(alone)


@contextmanager
def _held(lock: Path, name: str) -> Iterator[None]:
    """Hold the lock file, which names this process until it ends in whatever way it can see."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = _named(file) or "unknown"
            fix = f"wait until it ends, or stop it: kill {pid}"
            raise BusyError("E_BUSY", f"{name} is running already, as process {pid}", where=lock, fix=fix) from None
        if dead := _named(file):
            errors.inform(f"the last {name} (process {dead}) was killed: {WHY}")
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _named(file: TextIO) -> str:
    """What an earlier process left in the lock file, if anything."""
    file.seek(0)
    return printable(file.read(20).strip())
