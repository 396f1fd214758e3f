"""Room on the disk for what a stage looks up again and again: memory that the system may take back.

Arrays are written one after the other to a file without a name, which the system deletes when its process ends, and
mapped into memory once all of them are there. The system reads pages of it when they are looked at, and drops them
when it needs the memory. The price: as much disk, in `folder()`, for as long as the arrays are used. Where there is no
room for them, EnvironmentFault (exit 5) names the folder.
"""

import errno
import math
import mmap
import os
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from darkroom.runtime import files
from darkroom.runtime.errors import EnvironmentFault

ALIGNED = 8  # bytes
PART = 1 << 12  # numbers that are written together; a multiple of ALIGNED, so that no gaps are between them
LARGE = Path("/var/tmp")  # on a disk, where /tmp may lie in memory (file-hierarchy(7))
CHOICES = ("TMPDIR", "TEMP", "TMP")  # of a person, in Python's order
FIX = "free space there, or set TMPDIR to a folder on another disk"
CANNOT_RESERVE = (errno.EINVAL, errno.EOPNOTSUPP)  # of posix_fallocate, on file systems such as ZFS


class Place(NamedTuple):
    """Where an array of one dimension lies."""

    start: int  # byte
    dtype: np.dtype
    length: int


class Scratch:
    """A file that is written to until `mapped` is called."""

    def __init__(self) -> None:
        self._file, self._end = file(), 0
        weakref.finalize(self, _close, self._file)  # also where nobody gets to `mapped`, as the disk is full

    def write(self, data: bytes) -> None:
        """Append bytes right after what was written before."""
        with _naming_folder():
            self._end += self._file.write(data)

    def add(self, array: np.ndarray) -> Place:
        """Append an array of one dimension."""
        start = self._end
        self.write(array.tobytes())
        self.write(bytes(-self._end % ALIGNED))
        return Place(start, array.dtype, len(array))

    def mapped(self) -> Callable[[Place], np.ndarray]:
        """A function that returns the array at a place, to be read. Nothing can be added any more."""
        with _naming_folder(), self._file:  # the map keeps what it needs
            self._file.flush()
            pages: Any = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) if self._end else b""
        return lambda place: np.frombuffer(pages, place.dtype, place.length, place.start)


class Growing:
    """Numbers that come one by one."""

    def __init__(self, dtype: Any):
        self._dtype, self._length = np.dtype(dtype), 0
        self._scratch, self._last = Scratch(), list[int]()

    def append(self, number: int) -> None:
        self._last.append(number)
        if len(self._last) == PART:
            self._flush()

    def array(self) -> np.ndarray:
        """All of them, to be read. None can be appended any more."""
        self._flush()
        return self._scratch.mapped()(Place(0, self._dtype, self._length))

    def _flush(self) -> None:
        self._scratch.add(np.array(self._last, self._dtype))
        self._length += len(self._last)
        self._last.clear()


def folder() -> Path:
    """Where large temporary files belong: the first of $TMPDIR, $TEMP and $TMP that can be written to, else /var/tmp.

    Where that cannot be written to either, it is what Python takes, such as /tmp.
    """
    chosen = (Path(path).absolute() for name in CHOICES if (path := os.environ.get(name)))
    usable = (place for place in (*chosen, LARGE) if place.is_dir() and os.access(place, os.W_OK | os.X_OK))
    return next(usable, None) or Path(tempfile.gettempdir())


def file() -> IO[bytes]:
    """A file without a name in `folder()`."""
    with _naming_folder():
        return tempfile.TemporaryFile(dir=folder())


def _close(file: IO[bytes]) -> None:
    with suppress(OSError):  # what was not written yet finds no room
        file.close()


def zeros(length: int, dtype: Any) -> np.ndarray:
    """An array of one dimension, to be changed in place."""
    with _naming_folder():
        return _zeros(folder(), (length,), dtype)


def zeros_on_disk_of(place: Path, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array in a file without a name in the folder `place`, to be changed in place."""
    with _naming(place, "free space on this disk"):
        return _zeros(place, shape, dtype)


def _zeros(place: Path, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    if not math.prod(shape):
        return np.zeros(shape, dtype)
    with tempfile.TemporaryFile(dir=place) as room:
        _reserve(room, math.prod(shape) * np.dtype(dtype).itemsize)
        return np.memmap(room, dtype, "w+", shape=shape)


def _reserve(room: IO[bytes], size: int) -> None:
    """Take `size` bytes of the disk for an empty file: a page that found no room later would end the process."""
    if hasattr(os, "posix_fallocate"):
        try:
            return os.posix_fallocate(room.fileno(), 0, size)
        except OSError as fault:
            if fault.errno not in CANNOT_RESERVE:
                raise
    for start in range(0, size, files.CHUNK):
        room.write(bytes(min(files.CHUNK, size - start)))
    room.flush()


def _naming_folder() -> AbstractContextManager[None]:
    return _naming(folder(), FIX)


@contextmanager
def _naming(place: Path, fix: str) -> Iterator[None]:
    """Raise EnvironmentFault, with the place, for an OSError, which knows no name."""
    try:
        yield
    except OSError as fault:
        what = f"a temporary file cannot be written: {fault.strerror or fault}"
        raise EnvironmentFault("E_SYSTEM", what, where=place, fix=fix) from fault
