"""Locks between the processes of a machine: files that the system unlocks when a process ends, however it ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from filelock import lock_descriptor


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold `path` as a lock between the processes of this machine; waits until it is free."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        lock_descriptor(file.fileno())
        yield


def try_lock(file: IO) -> bool:
    """Lock an open file until it is closed or the process ends, however it ends; False when it is locked already.

    A second handle of this process is kept out too. On Windows nobody else can read the first byte meanwhile.
    """
    return lock_descriptor(file.fileno(), blocking=False)
