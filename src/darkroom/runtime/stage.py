"""Run a stage of the pipeline, one at a time, and report its errors in one line.

DVC's lock keeps two `dvc repro` apart. But a stage whose `dvc repro` was killed runs on, and would overwrite the outs
of the next. So each stage holds a lock of its own, which the system releases when the process ends, however it ends.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import psutil

from darkroom.runtime import environment, errors, progress, stage_record
from darkroom.runtime.errors import BusyError, printable, redacted
from darkroom.runtime.locks import try_lock
from darkroom.runtime.stage_record import Work

PLAN = "DARKROOM_PLAN"  # JSON: what each stage of the pipeline does, by its command, in the order of dvc.yaml

CAUSES = "by a power cut, by kill -9, or for want of memory (try a smaller batch_size); it goes on where it was"


def run(main: Callable[..., str], folder: Path) -> None:
    """Run `main` on the command line's arguments, as `errors.program` does, unless this stage is running already.

    `main` returns its result in one line. The same script with other arguments is another stage. `folder` gets the
    lock file and the record of each. Ends before any work with BusyError (exit 9) when the stage is running, and with
    EnvironmentFault (exit 5) when an environment variable is not usable.
    """

    def exclusive(*words: str) -> None:
        environment.check()
        name = "-".join([Path(sys.argv[0]).stem, *words])
        with _held(folder / f"{name}.lock", name), _recorded(folder / f"{name}.json"):
            _announce(" ".join([Path(sys.argv[0]).stem, *words]))
            result = main(*words)
            print(f"  {printable(redacted(result))} ({_age():.0f} s)", flush=True)

    errors.program(exclusive)


def _announce(command: str) -> None:
    """Print which stage of how many this is, where the process that runs DVC says so; bare DVC prints a line itself."""
    try:
        plan = json.loads(os.environ.get(PLAN, "{}"))
    except ValueError:
        return
    if command in plan:
        number = list(plan).index(command) + 1
        print(f"stage {number} of {len(plan)}, {command}: {plan[command]}", flush=True)


def _age() -> float:
    """Seconds since this process started: the imports count too."""
    return time.time() - psutil.Process().create_time()


@contextmanager
def _recorded(path: Path) -> Iterator[None]:
    """Keep the record of this run, for `darkroom status`."""
    record = stage_record.begin(path)

    def on_work(work: Work) -> None:
        nonlocal record
        record = record._replace(work=work)
        stage_record.write(path, record)

    try:
        with progress.recorded(on_work):
            yield
    except BaseException as fault:
        stage_record.write(path, record._replace(ended=time.time(), error=errors.line(fault)))
        raise
    stage_record.write(path, record._replace(ended=time.time(), usual=_age()))


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
