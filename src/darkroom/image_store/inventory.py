"""The inventory of a shard: which files it holds, where they lie in it, and their SHA-256.

It is a table beside the shard, `000000.csv` beside `000000.tar`, so that a new version of the data writes anew only
the inventories of the shards that change. CSV, because any tool reads it, and a million rows are read in about 3 s.
The price: a binary table would be read in a tenth of that.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from darkroom.runtime import files

SHARD, TABLE = ".tar", ".csv"
NUMBER, DIGEST = re.compile("[0-9]{1,18}"), re.compile("[0-9a-f]{64}")


class Row(NamedTuple):
    """A file in a shard. The columns of the table are these fields, in this order."""

    path: str
    offset: int  # of its first byte, from the start of the shard
    bytes: int
    sha256: str  # hex


def write(path: Path, rows: Iterable[Row]) -> None:
    """Write the table, each text as it is: paths must not gain an apostrophe, as they do in tables for people."""
    files.write_verbatim(path, Row._fields, (row._asdict() for row in rows))


def read(path: Path) -> Iterator[Row]:
    """Yield the rows that `write` wrote. Raises ArtifactError (exit 4) when the file is missing or no inventory."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            lines = csv.reader(file, strict=True)
            if tuple(next(lines, ())) != Row._fields:
                raise files.unusable(path, "is no inventory of a shard")
            yield from (_row(*line) for line in lines)
    except FileNotFoundError as fault:
        raise files.unusable(path, "is missing") from fault
    except (TypeError, ValueError, csv.Error) as fault:
        raise files.unusable(path, "is no inventory of a shard") from fault


def _row(path: str, offset: str, size: str, digest: str) -> Row:
    if not (NUMBER.fullmatch(offset) and NUMBER.fullmatch(size) and DIGEST.fullmatch(digest)):
        raise ValueError(path)
    return Row(path, int(offset), int(size), digest)
