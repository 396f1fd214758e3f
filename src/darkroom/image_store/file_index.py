"""Where each file of a store lies, by its path.

The inventories are held as a table, so in a file where there are many, and memory does not grow with their length but
by one path in 256. Who asks in the order of the paths, as stages do, has a block of 256 files read for him once.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

from darkroom.image_store import inventory
from darkroom.image_store.inventory import TABLE
from darkroom.table.rows import Rows, Values

BLOCK = 256  # files that are looked through together


class StoredFile(NamedTuple):
    """A file and where its bytes are: what a worker needs to read it."""

    path: str
    shard: str  # name without extension
    offset: int
    bytes: int
    sha256: str  # hex

    def __str__(self) -> str:
        return self.path


class _Row(TypedDict):
    """The fields of a `StoredFile`."""

    path: str
    shard: str
    offset: int
    bytes: int
    sha256: str


class FileIndex:
    """The inventories in a folder. `paths` are those of all files, sorted."""

    def __init__(self, folder: Path):
        self._rows = Rows.gather(_rows(folder))
        self.paths: Values = self._rows.values("path")
        self._firsts = [self.paths[start] for start in range(0, len(self._rows), BLOCK)]
        self._block: tuple[int, dict[str, list[Any]]] = (-1, {})  # the one that was asked for last

    def find(self, path: str) -> StoredFile | None:
        """Return where the file lies, None when there is none at this path."""
        block = self._block_at(bisect_right(self._firsts, path) - 1)
        number = bisect_left(block.get("path", ()), path)
        if number == len(block.get("path", ())) or block["path"][number] != path:
            return None
        return StoredFile(**{name: values[number] for name, values in block.items()})

    def _block_at(self, number: int) -> dict[str, list[Any]]:
        if number < 0:
            return {}
        last, block = self._block
        if number != last:
            block = self._rows.columns(number * BLOCK, (number + 1) * BLOCK)
            self._block = number, block  # threads may read different ones
        return block


def _rows(folder: Path) -> Iterator[_Row]:
    for table in sorted(folder.glob(f"*{TABLE}")):
        for path, offset, size, digest in inventory.read(table):
            yield _Row(path=path, shard=table.stem, offset=offset, bytes=size, sha256=digest)
