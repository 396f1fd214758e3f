"""What a stage is doing, or how it ended, in a file that `darkroom status` reads.

The record is for people alone: nothing depends on it, a full disk costs the record and not the stage, and a damaged
one counts as none. A process that was killed leaves a record without an end.
"""

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from darkroom.runtime import files


class Work(NamedTuple):
    """How far a loop of a stage is."""

    title: str
    done: int
    total: int
    seconds: float  # since the loop began, with `first` done
    first: int = 0

    @property
    def left(self) -> float | None:
        """Seconds that it still takes at its pace until now; None before the first step."""
        steps = self.done - self.first
        return self.seconds / steps * (self.total - self.done) if steps > 0 else None


class Record(NamedTuple):
    """The last run of a stage; times are seconds since 1970."""

    pid: int
    started: float
    ended: float | None = None
    error: str | None = None  # the line that it ended with; None where it ended well or not at all
    usual: float | None = None  # seconds that its last success took
    work: Work | None = None

    @property
    def is_running(self) -> bool:
        """Whether its process lives; another one that got its number started later than the record."""
        with suppress(psutil.Error, ValueError, OverflowError):
            return self.ended is None and psutil.Process(self.pid).create_time() <= self.started
        return False


def begin(path: Path) -> Record:
    """Write the record of a stage that this process begins."""
    before = read(path)
    record = Record(os.getpid(), time.time(), usual=before.usual if before else None)
    write(path, record)
    return record


def write(path: Path, record: Record) -> None:
    """Replace the record, unless the disk refuses."""
    with suppress(OSError), files.replacing(path) as partial:
        partial.write_text(json.dumps(record._asdict() | {"work": record.work and record.work._asdict()}))


def read(path: Path) -> Record | None:
    """Return the record; None where there is none that can be used."""
    with suppress(OSError, ValueError, TypeError, LookupError):
        found: dict[str, Any] = json.loads(path.read_text())
        record = Record(**found | {"work": Work(**found["work"]) if found["work"] else None})
        numbers = [record.pid, record.started, record.ended or 0, record.usual or 0, *(record.work or ())[1:]]
        return record if all(isinstance(number, int | float) for number in numbers) else None
    return None
