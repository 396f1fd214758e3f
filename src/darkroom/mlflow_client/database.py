"""The SQLite file that MLflow keeps its runs in: made whole, and examined before MLflow opens it.

MLflow itself tries a damaged file for 100 seconds, and one whose tables were half made when a process was killed
for ever in vain.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from darkroom.runtime import files
from darkroom.runtime.errors import brief

BUSY = 10.0  # seconds to wait for another process that writes to the database


class Unavailable(OSError):
    """MLflow takes nothing now; it will when somebody has mended what the message says."""


def prepare(path: Path, create: Callable[[Path], None]) -> None:
    """Let `create` make the database beside and rename it, or examine the one that is there.

    Raises Unavailable when SQLite finds damage, or cannot write, or another process holds the database.
    """
    if path.exists() and (path.is_dir() or path.stat().st_size):
        _examine(path)
    else:
        with files.replacing(path) as partial:
            create(partial)


def _examine(path: Path) -> None:
    """SQLite keeps no checksums: what is examined is that pages, indexes and rows fit together, not each value."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=BUSY)) as database:
            database.execute("BEGIN IMMEDIATE")  # as a writer does
            database.rollback()
            (said,) = database.execute("PRAGMA integrity_check(1)").fetchone()
    except (sqlite3.Error, UnicodeError, OverflowError) as fault:
        said = brief(fault)
    if said != "ok":
        fix = "close the program that holds it" if "locked" in said else f"move it away, e.g. to {path.name}.damaged"
        raise Unavailable(f"{path} cannot be used: {' '.join(said.split())}; {fix}")
