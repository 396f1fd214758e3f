"""Read single files out of the shards, in any process."""

import hashlib
import os
import threading
from collections.abc import Mapping
from pathlib import Path

from darkroom.image_store.bucket_shard import BucketShard
from darkroom.image_store.file_index import FileIndex, StoredFile
from darkroom.image_store.inventory import SHARD
from darkroom.runtime import sealing
from darkroom.runtime.errors import ArtifactError
from darkroom.table.rows import Values

BINARY = getattr(os, "O_BINARY", 0)  # Windows would translate line ends


Copy = str | Mapping[str, str]  # in a bucket: the URL of a folder, or that of each shard by its name


class ShardReader:
    """Reads files out of the shards in `folder`, or in a copy of it in a bucket.

    It may be sent to other processes, which open the shards anew.

    The shard that was read last stays open: who reads in the order of the paths opens each shard once.
    """

    def __init__(self, folder: Path | Copy):
        self._folder = folder
        self._last: tuple[str, _Descriptor | BucketShard] = ("", _Descriptor())

    def __reduce__(self) -> tuple[type["ShardReader"], tuple[Path | Copy]]:
        return ShardReader, (self._folder,)

    def read(self, file: StoredFile) -> bytes:
        """Return the bytes of the file. Raises ArtifactError (exit 4) when they are not those that were stored."""
        data = self.head(file, file.bytes)
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise self._damaged(file, f"is damaged at {file.path}")
        return data

    def head(self, file: StoredFile, size: int) -> bytes:
        """Return the first `size` bytes of the file, unchecked, or all when it has fewer."""
        shard = self._opened(file)
        try:
            return shard.read_at(min(size, file.bytes), file.offset)
        except OSError as fault:
            fault.filename = self._place(file)
            raise

    def _opened(self, file: StoredFile) -> "_Descriptor | BucketShard":
        name, shard = self._last
        if name != file.shard:
            is_local, place = isinstance(self._folder, Path), self._place(file)
            try:
                shard = _Descriptor(_open(place)) if is_local else BucketShard(place)
            except FileNotFoundError as fault:
                raise self._damaged(file, "is missing") from fault
            self._last = (file.shard, shard)  # a thread that still reads the other one keeps it open
        return shard

    def _place(self, file: StoredFile) -> str:
        name = f"{file.shard}{SHARD}"
        return self._folder[name] if isinstance(self._folder, Mapping) else f"{self._folder}/{name}"

    def _damaged(self, file: StoredFile, why: str) -> ArtifactError:
        fix = "run `dvc repro -f ingest`"
        if not isinstance(self._folder, Path):
            copied = isinstance(self._folder, str)
            fix = f"copy data/images to {self._folder} again" if copied else "remove it there, then run it again"
        return ArtifactError("E_ARTIFACT", f"{file.shard}{SHARD} {why}", where=self._place(file), fix=fix)


def _open(path: str) -> int:
    return os.open(path, os.O_RDONLY | BINARY)


_turn = threading.Lock()


def _read_in_turn(descriptor: int, size: int, offset: int) -> bytes:
    """As `os.pread`, which Windows lacks, for one thread at a time."""
    with _turn:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, size)


_read_at = getattr(os, "pread", _read_in_turn)


class _Descriptor:
    """An open file that is closed with its last user."""

    def __init__(self, number: int = -1):
        self._number = number

    def read_at(self, size: int, offset: int) -> bytes:
        return _read_at(self._number, size, offset)

    def __del__(self) -> None:
        if self._number >= 0:
            os.close(self._number)


class ImageStore:
    """The files of a data set. `paths` are theirs, sorted; `shards` reads them and is what to send to workers."""

    def __init__(self, folder: Path, copy: Copy | None = None):
        """Read the inventories of a folder whose seal holds, and the files from there or from a copy."""
        self.folder, self.shards = folder, ShardReader(copy or folder)
        self._files = FileIndex(folder)
        self.paths: Values = self._files.paths

    def file(self, path: str) -> StoredFile:
        """Raises ArtifactError (exit 4) when there is none at this path."""
        file = self._files.find(path)
        if not file:
            fix = "run `dvc repro validate`"
            raise ArtifactError("E_ARTIFACT", f"{path} is missing", where=self.folder, fix=fix)
        return file

    def read(self, path: str) -> bytes:
        """Return the bytes of a file. Raises ArtifactError (exit 4) when it is missing or damaged."""
        return self.shards.read(self.file(path))

    def head(self, path: str, size: int) -> bytes:
        """Return the first `size` bytes of a file, or all when it has fewer."""
        return self.shards.head(self.file(path), size)


def open_store(folder: Path, copy: Copy | None = None) -> ImageStore:
    """Open a store whose files are all there and have their sizes, and whose inventories are those that were written.

    A file's bytes are checked when it is read, in `folder` or in its `copy`, see `ImageStore`. Raises ArtifactError
    (exit 4) when anything is missing or damaged.
    """
    sealing.verify_but(folder, SHARD)
    return ImageStore(folder, copy)
