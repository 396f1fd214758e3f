"""Run a stage of the pipeline, one at a time, and report its errors in one line.

DVC's lock keeps two `dvc repro` apart. But a stage whose `dvc repro` was killed runs on, and would overwrite the outs
of the next. So each stage holds a lock of its own, which the system releases when the process ends, however it ends.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from darkroom.runtime import environment, errors
from darkroom.runtime.errors import BusyError, printable
from darkroom.runtime.locks import try_lock

CAUSES = "by a power cut, by kill -9, or for want of memory (try a smaller batch_size); it goes on where it was"


def run(main: Callable[..., None], locks: Path) -> None:
    """Run `main` on the command line's arguments, as `errors.program` does, unless this stage is running already.

    The same script with other arguments is another stage. `locks` is the folder of the lock files. Ends before any
    work with BusyError (exit 9) when the stage is running, and with EnvironmentFault (exit 5) when an environment
    variable is not usable.
    """

    def exclusive(*words: str) -> None:
        environment.check()
        name = "-".join([Path(sys.argv[0]).stem, *words])
        with _held(locks / f"{name}.lock", name):
            main(*words)

    errors.program(exclusive)


@contextmanager
def _held(lock: Path, name: str) -> Iterator[None]:
    """Hold the lock file, which contains the process id until the stage ends by itself."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a+") as file:
        if not try_lock(file):
            pid = _holder(file) or "unknown"
            fix = f"wait until it ends, or stop it: kill {pid}"
            raise BusyError("E_BUSY", f"{name} is running already, as process {pid}", where=lock, fix=fix)
        if dead := _holder(file):
            errors.inform(f"the last {name} (process {dead}) was killed, {CAUSES}")
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _holder(file: TextIO) -> str:
    """Return the process id in the lock file, if there is one and it can be read: on Windows the lock hides it."""
    file.seek(0)
    try:
        return printable(file.read(20).strip())
    except PermissionError:
        return ""
