"""One nameless file that takes what an archive holds, until it is known what becomes of it.

Making a file for each image would cost as much as all the rest. The system deletes a file without a name when its
process ends, however it ends.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from darkroom.runtime import files
from darkroom.table.rows import Rows

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Piece(NamedTuple):
    """A part of the spool: the contents of one file."""

    offset: int
    sha256: str  # hex
    bytes: int


class Pieces(Mapping[str, Piece]):
    """Pieces by path, held as a table: in a file where there are many, and no memory for each.

    They are kept in their order; no path comes twice. Who looks for a path pays once for an index of 12 bytes a piece.
    """

    def __init__(self, pieces: Iterable[tuple[str, Piece]]):
        self._rows: Rows[Any] = Rows.gather(
            {"path": path, "offset": piece.offset, "sha256": piece.sha256, "bytes": piece.bytes}
            for path, piece in pieces
        )

    def __getitem__(self, path: str) -> Piece:
        hashes, order = self._index
        place = int(np.searchsorted(hashes, hash(path)))
        while place < len(hashes) and hashes[place] == hash(path):
            number = int(order[place])
            if (row := self._rows[number])["path"] == path:
                return _piece(row)
            place += 1
        raise KeyError(path)

    def __iter__(self) -> Iterator[str]:
        return self._rows.column("path")

    def __len__(self) -> int:
        return len(self._rows)

    def at(self, number: int) -> tuple[str, Piece]:
        """The path and the piece that were added as number `number`."""
        row = self._rows[number]
        return row["path"], _piece(row)

    def pairs(self) -> Iterator[tuple[str, Piece]]:
        """All paths and pieces, faster than `items`."""
        return ((row["path"], _piece(row)) for row in self._rows)

    def sizes(self) -> Iterator[int]:
        """Bytes of each."""
        return self._rows.column("bytes")

    def below(self, folder: str) -> Pieces:
        """The pieces in a folder, "" or with a slash at its end, by their paths in it."""
        if not folder:
            return self
        chosen = Pieces(())
        inside = self._rows.where(path.startswith(folder) for path in self)
        chosen._rows = inside.replaced(path=(path.removeprefix(folder) for path in inside.column("path")))
        return chosen

    @cached_property
    def _index(self) -> tuple[np.ndarray, np.ndarray]:
        """The hashes of the paths, sorted, and the numbers of the pieces in that order."""
        hashes = np.fromiter(map(hash, self), np.int64, len(self))
        order = np.argsort(hashes, kind="stable").astype(np.uint32)
        return hashes[order], order


def _piece(row: Mapping[str, Any]) -> Piece:
    return Piece(row["offset"], row["sha256"], row["bytes"])


class Spool:
    """The file, on the disk of `folder`. To be used in a `with` block."""

    def __init__(self, folder: Path):
        self._file = tempfile.TemporaryFile(dir=folder, buffering=files.CHUNK)
        self._end = 0

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, chunks: Iterable[bytes]) -> Piece:
        """Append the contents of a file."""
        start, digest = self._end, hashlib.sha256()
        for chunk in chunks:
            self._end += self._file.write(chunk)
            digest.update(chunk)
        return Piece(start, digest.hexdigest(), self._end - start)

    def head(self, piece: Piece, size: int) -> bytes:
        self._file.flush()
        return os.pread(self._file.fileno(), min(size, piece.bytes), piece.offset)

    def chunks(self, piece: Piece) -> Iterator[bytes]:
        self._file.flush()
        end = piece.offset + piece.bytes
        for start in range(piece.offset, end, files.CHUNK):
            yield os.pread(self._file.fileno(), min(files.CHUNK, end - start), start)

    def open(self, piece: Piece) -> BinaryIO:
        """Open a piece as a file of its own, in which one can jump."""
        self._file.flush()
        return io.BufferedReader(_Section(self._file.fileno(), piece))


class SpooledFiles(NamedTuple):
    """The spooled files of a data set, by path: `formats.contents.Contents` of an archive that is being unpacked."""

    spool: Spool
    pieces: Pieces

    def read(self, path: str) -> bytes:
        return self.head(path, self.pieces[path].bytes)

    def head(self, path: str, size: int) -> bytes:
        return self.spool.head(self.pieces[path], size)

    def open(self, path: str) -> BinaryIO:
        return self.spool.open(self.pieces[path])


class _Section(io.RawIOBase):
    def __init__(self, descriptor: int, piece: Piece):
        self._descriptor, self._piece, self._position = descriptor, piece, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._piece.bytes}[whence]
        if origin + offset < 0:
            raise ValueError("before the start of the file")
        self._position = origin + offset
        return self._position

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        left = max(0, self._piece.bytes - self._position)
        target = memoryview(buffer)[:left]
        count = os.preadv(self._descriptor, [target], self._piece.offset + self._position) if left else 0
        self._position += count
        return count
