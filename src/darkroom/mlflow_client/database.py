"""The SQLite file of MLflow's runs: created atomically, and checked before MLflow opens it.

MLflow itself retries a damaged file for 100 seconds, and fails for ever on one whose creation was killed halfway.
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
    """MLflow accepts nothing until what the message names is repaired."""


def prepare(path: Path, create: Callable[[Path], None]) -> None:
    """Check the database at `path`, or let `create` make it under another name and rename it.

    Raises Unavailable when SQLite finds damage, or cannot write, or another process holds the database.
    """
    if path.exists() and (path.is_dir() or path.stat().st_size):
        _check(path)
    else:
        with files.replacing(path) as partial:
            create(partial)


def _check(path: Path) -> None:
    """Check that pages, indexes and rows fit together; values cannot be checked, SQLite has no checksums."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=BUSY)) as database:
            database.execute("BEGIN IMMEDIATE")  # as a writer does
            database.rollback()
            (result,) = database.execute("PRAGMA integrity_check(1)").fetchone()
    except (sqlite3.Error, UnicodeError, OverflowError) as fault:
        result = brief(fault)
    if result != "ok":
        fix = "close the program that holds it" if "locked" in result else f"move it away, e.g. to {path.name}.damaged"
        raise Unavailable(f"{path} cannot be used: {' '.join(result.split())}; {fix}")
