"""Room on the disk for what a stage looks up again and again: memory that the system may take back.

Arrays are written one after the other to a file without a name, which the system deletes when its process ends, and
mapped into memory once all of them are there. The system reads pages of it when they are looked at, and drops them
when it needs the memory. The price: as much disk, in $TMPDIR or /var/tmp, for as long as the arrays are used.
"""

import mmap
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

ALIGNED = 8  # bytes
PART = 1 << 12  # numbers that are written together; a multiple of ALIGNED, so that no gaps are between them
LARGE = Path("/var/tmp")  # on a disk, where /tmp may lie in memory (file-hierarchy(7))
CHOICES = ("TMPDIR", "TEMP", "TMP")  # of a person, in Python's order


class Place(NamedTuple):
    """Where an array of one dimension lies."""

    start: int  # byte
    dtype: np.dtype
    length: int


class Scratch:
    """A file that arrays are added to until `mapped` is called."""

    def __init__(self) -> None:
        self._file, self._end = file(), 0

    def add(self, array: np.ndarray) -> Place:
        """Append an array of one dimension. Raises OSError when the disk is full."""
        start = self._end
        self._end += self._file.write(array.tobytes())
        self._end += self._file.write(bytes(-self._end % ALIGNED))
        return Place(start, array.dtype, len(array))

    def mapped(self) -> Callable[[Place], np.ndarray]:
        """A function that returns the array at a place, to be read. Nothing can be added any more."""
        self._file.flush()
        pages: Any = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ) if self._end else b""
        self._file.close()  # the map keeps what it needs
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


def file() -> IO[bytes]:
    """A file without a name, where large temporary files belong."""
    is_chosen = any(os.environ.get(name) for name in CHOICES)
    is_usable = not is_chosen and LARGE.is_dir() and os.access(LARGE, os.W_OK)
    return tempfile.TemporaryFile(dir=LARGE if is_usable else None)


def zeros(length: int, dtype: Any) -> np.ndarray:
    """An array of one dimension, to be changed in place. Raises OSError when the disk is full."""
    if not length:
        return np.zeros(0, dtype)
    with file() as room:
        bytes_needed = length * np.dtype(dtype).itemsize
        if hasattr(os, "posix_fallocate"):  # a page that found no room later would end the process
            os.posix_fallocate(room.fileno(), 0, bytes_needed)
        return np.memmap(room, dtype, "w+", shape=(length,))
