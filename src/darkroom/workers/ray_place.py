"""Where a task runs on a node: in the project, if the nodes see it, or in a folder that a bucket fills.

Such a folder belongs to one process of Ray and holds what the stage said that its tasks read, as links to files that
the processes of a node share. The price: those files stay in the node's temporary folder for a week.
"""

import getpass
import os
import shutil
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

import psutil

from darkroom.runtime import kept_state
from darkroom.runtime.bucket_copy import BucketCopy
from darkroom.runtime.locks import locked

KEPT = 7 * 24 * 3600  # seconds since the last use of a file


class Place(NamedTuple):
    """Where the tasks of a stage run."""

    root: str  # of the project, on every node that sees it
    shared: str | None = None  # a folder in a bucket, by its URL, where none does
    inputs: str = ""  # the digest of the list of what tasks read, in the bucket


def enter(place: Place) -> None:
    """Make the project, or what stands for it on this node, the current folder of this worker process."""
    os.chdir(_home(place) if place.shared else place.root)


def take_logs() -> dict[str, bytes]:
    """Take what tasks added to logs in the current folder: the bytes by path."""
    logs = {path.as_posix(): path.read_bytes() for path in Path().rglob("*.log")}
    for path in logs:
        Path(path).unlink()
    return logs


@cache
def _home(place: Place) -> Path:
    assert place.shared
    own = Path(tempfile.gettempdir(), f"darkroom-{getpass.getuser()}")
    own.mkdir(mode=0o700, exist_ok=True)
    if hasattr(os, "getuid") and own.stat().st_uid != os.getuid():
        raise PermissionError(f"{own} belongs to another user")
    store, homes = own / "files", own / "homes"
    with locked(store / "lock"):
        _tidy(store, homes)
    home = homes / str(os.getpid())
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    copy = BucketCopy(place.shared)
    if place.inputs:
        copy.fetch(place.inputs, store, home)
    kept_state.use(copy)
    return home


def _tidy(store: Path, homes: Path) -> None:
    """Remove what was not used for long, and the folders of processes that have ended."""
    for file in store.glob("*"):
        if file.is_file() and file.stat().st_mtime < time.time() - KEPT:
            file.unlink()
    for home in homes.glob("*"):
        if not psutil.pid_exists(int(home.name)):
            shutil.rmtree(home, ignore_errors=True)
