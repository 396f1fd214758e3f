"""Journals of events: one file per process, one event per line, each with a checksum so that damage is noticed.

A line that cannot be used is moved to `rejected.jsonl` in the same folder, byte for byte, and the rest goes on: one
bad line must not hold up the events of every later run.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO
from zlib import crc32

from darkroom.runtime import locks
from darkroom.runtime.errors import brief, warn

Event = dict[str, Any]  # the JSON of an event of `events`; it has at least `kind` and `key`
LONGEST = 64 << 20  # bytes per line; a longer one is read in pieces, whose checksums are wrong


def create(folder: Path) -> BinaryIO:
    """An empty journal of this process, locked until the process ends, however it ends. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / f"{os.getpid()}-{time.time_ns()}.jsonl").open("ab", buffering=0)
    locks.try_lock(file)  # nobody else has a file of this name
    return file


def encode(event: Event) -> bytes:
    """`event` as a line: CRC-32 in 8 hex digits, a space, JSON. Raises TypeError or ValueError for what is not JSON."""
    text = json.dumps(event).encode()
    return b"%08x %s\n" % (crc32(text), text)


def decode(line: bytes) -> Event:
    """The event of a line, which may lack a checksum. Raises ValueError when the line is damaged."""
    checksum, _, text = line.rstrip(b"\r\n").partition(b" ")
    if line.startswith(b"{"):
        text = line
    elif checksum != b"%08x" % crc32(text):
        raise ValueError("its checksum is wrong")
    try:
        event = json.loads(text.decode("utf-8"))
    except RecursionError as fault:
        raise ValueError("it is nested too deep") from fault
    if not (isinstance(event, dict) and isinstance(event.get("kind"), str) and isinstance(event.get("key"), str)):
        raise ValueError("it is not an event")
    return event


def lines(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.readline(LONGEST), b"")


def leftovers(folder: Path) -> list[Path]:
    """The journals in `folder`, oldest first: the run of a search comes before its trials."""
    paths = [path for path in folder.glob("*-*.jsonl") if path.is_file()]
    return sorted(paths, key=lambda path: (int("0" + "".join(filter(str.isdecimal, _time(path)))), path.name))


@contextmanager
def claimed(path: Path) -> Iterator[BinaryIO | None]:
    """The journal of a process that ended, locked for this process; None when it is locked, gone or unreadable."""
    try:
        file = path.open("rb")
    except OSError as fault:
        if not isinstance(fault, FileNotFoundError):
            warn(f"the events in {path} cannot be read ({brief(fault)})")
        yield None
        return
    with file:
        is_mine = locks.try_lock(file) and path.exists()  # the previous owner may have delivered it
        yield file if is_mine else None


class Rejected:
    """The file of unusable lines. Warns of the first one only."""

    def __init__(self, path: Path):
        self._path, self.count = path, 0

    def add(self, line: bytes, fault: Exception) -> None:
        self.count += 1
        with suppress(OSError, ValueError):  # neither a full disk nor a closed stderr may stop the delivery
            if self.count == 1:
                warn(f"an event for MLflow cannot be used ({brief(fault)}); such events are kept in {self._path}")
            with self._path.open("ab") as file:
                file.write(line)


def _time(path: Path) -> str:
    return path.stem.rpartition("-")[2]
