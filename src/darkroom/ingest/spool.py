"""One nameless file that takes what an archive holds, until it is known what becomes of it.

Making a file for each image would cost as much as all the rest. The system deletes a file without a name when its
process ends, however it ends.
"""

from __future__ import annotations

import builtins
import hashlib
import io
import os
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from darkroom.runtime import files

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


DIGEST = 32  # bytes of a SHA-256


class Piece(NamedTuple):
    """A part of the spool: the contents of one file."""

    offset: int
    digest: builtins.bytes  # SHA-256
    bytes: int

    @property
    def sha256(self) -> str:
        """In hex."""
        return self.digest.hex()


class Pieces(Mapping[str, Piece]):
    """Pieces by path, 0.2 kB for each instead of 0.4."""

    def __init__(self, pieces: Iterable[tuple[str, Piece]]):
        self._numbers: dict[str, int] = {}
        self._offsets, self._sizes, self._digests = array("Q"), array("Q"), bytearray()
        for number, (path, piece) in enumerate(pieces):
            self._numbers[path] = number
            self._offsets.append(piece.offset)
            self._sizes.append(piece.bytes)
            self._digests += piece.digest

    def __getitem__(self, path: str) -> Piece:
        number = self._numbers[path]
        digest = self._digests[number * DIGEST : (number + 1) * DIGEST]
        return Piece(self._offsets[number], builtins.bytes(digest), self._sizes[number])

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


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
        return Piece(start, digest.digest(), self._end - start)

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
    pieces: Mapping[str, Piece]

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
