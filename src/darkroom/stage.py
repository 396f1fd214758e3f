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

from darkroom import environment, errors
from darkroom.errors import BusyError, printable


def run(main: Callable[..., None], locks: Path) -> None:
    """`main` on the words of the command line, as `errors.guard` does it, unless the same words run already.

    `locks` is the folder of the lock files. Ends with BusyError (exit 9) when the stage is running, and with
    EnvironmentFault (exit 5) when the environment asks for what cannot be, before any work.
    """

    def alone(*words: str) -> None:
        environment.check()
        name = "-".join([Path(sys.argv[0]).stem, *words])
        with _held(locks / f"{name}.lock", name):
            main(*words)

    alone.__module__ = main.__module__
    errors.guard(alone)


@contextmanager
def _held(lock: Path, name: str) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            pid = printable(file.read().strip() or "unknown")
            fix = f"wait until it ends, or stop it: kill {pid}"
            raise BusyError("E_BUSY", f"{name} is running already, as process {pid}", where=lock, fix=fix) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
