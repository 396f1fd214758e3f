"""Where a task runs on a node: in the project, if the nodes see it, or in a folder that a bucket fills.

Such a folder belongs to one process of Ray and holds what the stage said that its tasks read, as links to files that
the processes of a node share; nobody may write to those. The price: they stay in the node's temporary folder for a
week.
"""

import getpass
import os
import shutil
import stat
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

import psutil

from darkroom.runtime import files, kept_state
from darkroom.runtime.bucket_copy import LOCK, BucketCopy
from darkroom.runtime.errors import EnvironmentFault
from darkroom.runtime.locks import locked

CACHE = "darkroom-cache-v1"  # a name that nobody gives to files of their own: what is old in there is removed
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
    own = _own_folder(Path(tempfile.gettempdir(), f"darkroom-{getpass.getuser()}"))
    store, homes = own / CACHE / "files", own / CACHE / "homes"
    with locked(store / LOCK):
        _tidy(store, homes)
    home = homes / str(os.getpid())
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    copy = BucketCopy(place.shared)
    if place.inputs:
        copy.fetch(place.inputs, store, home)
    kept_state.use(copy)
    return home


def _own_folder(folder: Path) -> Path:
    """Make the folder, unless it is there. Raises EnvironmentFault (exit 5) unless it is this user's alone.

    Anyone can make it first in the temporary folder, or a link in its place to files that are not ours to remove.
    """
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    alone = not hasattr(os, "getuid") or (found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077)
    if not (stat.S_ISDIR(found.st_mode) and alone):
        what = "a node's folder for what tasks read is a link, or open to other users"
        raise EnvironmentFault("E_CLUSTER", what, where=folder, fix="remove it, or `chmod 700` it if it is yours")
    return folder


def _tidy(store: Path, homes: Path) -> None:
    """Remove what was not used for long, and the folders of processes that have ended."""
    for file in store.glob("*"):  # what a killed process left half fetched among them
        if file.name != LOCK and file.stat().st_mtime < time.time() - KEPT:
            files.remove(file)
    living = {str(number) for number in psutil.pids()}
    for home in homes.glob("*"):
        if home.name.isdecimal() and home.name not in living:
            shutil.rmtree(home, ignore_errors=True)
