"""What was computed from a file's bytes, cached under their SHA-256 for the next run: facts, and packed rows.

One append-only log for each way of computing: a changed setting, library or line of code is another log. A record
proves itself with a checksum, so a torn or damaged one is a miss and is computed again, whatever killed the writer.
Whoever computes values adds them, from any process: a batch of records is one write to the end of the file, which
keeps records whole on a local disk. Caching is optional: a full or read-only disk ends it with a warning and no more.
The price: twice the disk for packed images, and what belongs to deleted images stays until `rm -r .cache`.
"""

import os
import shutil
import struct
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from importlib.util import find_spec
from io import FileIO
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import TypeVar

import numpy as np

from darkroom import sniff
from darkroom.decoding import (
    decode,
    deep_pixels,
    file_headers,
    headers,
    isobmff_header,
    jpeg,
    levels,
    orientation,
    plugins,
    pnm_header,
    profiles,
    tiff_header,
    upright,
)
from darkroom.runtime import files
from darkroom.runtime.errors import EnvironmentFault, warn
from darkroom.table import scratch
from darkroom.table.computed import Computed
from darkroom.workers import parallel
from darkroom.workers.serving import Limits, Loss

Item = TypeVar("Item")

RECORD = struct.Struct("<32sII")  # SHA-256 of the file, length of the value, checksum of both
NOWHERE = -1
WORDS = struct.Struct("<4Q")  # of a SHA-256
CHUNK = 1 << 14  # keys that are looked up at once
MAX_LOGS = 4  # of one kind; older ones are deleted
RESERVE = 1 << 30  # bytes of the disk that the cache never fills
HEADERS = (file_headers, headers, tiff_header, pnm_header, isobmff_header)
DECODER = (
    decode,
    deep_pixels,
    jpeg,
    levels,
    orientation,
    plugins,
    profiles,
    upright,
    *HEADERS,
    sniff,
)  # how images are decoded
VENDORS = ("numpy", "pillow", "simplejpeg")
EXTRAS = ("pi-heif",)


def log_path(folder: Path, modules: Iterable[ModuleType], *settings: object) -> Path:
    """The log in `folder` for what this code, with these libraries and settings, computes from a file."""
    code = [files.sha256(Path(str(module.__file__))) for module in modules]
    return folder / f"{files.fingerprint(code, _versions(), settings)}.log"


def _versions() -> list[str]:
    extras = [version(extra) for extra in EXTRAS if find_spec(extra.replace("-", "_"))]
    return [version(vendor) for vendor in VENDORS] + extras


class FileCache:
    """A log that is open for reading. Keys are SHA-256 in hex, values bytes.

    It holds what lay in the log when it was opened: what is added since is for whoever opens it next. `log` is where
    to add, None where nothing can be cached. Where its records are lies in a file.
    """

    def __init__(self, path: Path):
        self.log: Path | None = None
        self._keys, self._starts = np.empty(0, np.uint64), np.empty(0, np.uint64)  # sorted; where records begin
        self._usual = RECORD.size  # bytes of the record that was read last: the next one is likely to have as many
        self._file: FileIO | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _delete_old_logs(path)
            self._file = path.open("ab+", buffering=0)
            total = self._file.seek(0, os.SEEK_END)
            end = self._index(total)
            if end < total:
                self._file.truncate(end)
            if shutil.disk_usage(path.parent).free >= RESERVE:
                self.log = path
        except (OSError, EnvironmentFault) as fault:
            warn(f"nothing is cached for the next run: {fault}")

    def __enter__(self) -> "FileCache":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, keys: Iterable[str]) -> np.ndarray:
        """Where in the log the record of each key begins, NOWHERE when there is none: int64 (m,)."""
        rest, starts = iter(keys), array("q")
        while len(part := [_folded(bytes.fromhex(key)) for key in islice(rest, CHUNK)]):
            starts.frombytes(self._find(np.array(part, np.uint64)).tobytes())
        return np.frombuffer(starts, np.int64)

    def value(self, key: str, start: int) -> bytes | None:
        """The value in the record that begins at `start`; None when it is damaged, or of another key."""
        record = self._read(self._usual, start)
        name, length, checksum = RECORD.unpack_from(record)
        self._usual = RECORD.size + length
        value = record[RECORD.size : self._usual]
        value += self._read(self._usual - len(record), start + len(record)) if len(value) < length else b""
        return value if name.hex() == key and _checksum(name, value) == checksum else None

    def get(self, key: str) -> bytes | None:
        """The value, None when there is none or its record is damaged."""
        (start,) = self.find([key]).tolist()
        return None if start == NOWHERE else self.value(key, start)

    def _find(self, keys: np.ndarray) -> np.ndarray:
        if not len(self):
            return np.full(len(keys), NOWHERE)
        places = np.minimum(np.searchsorted(self._keys, keys), len(self) - 1)
        return np.where(self._keys[places] == keys, self._starts[places].astype(np.int64), NOWHERE)

    def _read(self, length: int, start: int) -> bytes:
        assert self._file  # it is open where there are records
        self._file.seek(start)
        return self._file.read(length) or b""

    def _index(self, total: int) -> int:
        """Find the records and return where the last complete one ends, in bytes. Of one key, the last one counts."""
        end, keys, starts = 0, scratch.Growing(np.uint64), scratch.Growing(np.uint64)
        while end + RECORD.size <= total:
            name, length, _ = RECORD.unpack(self._read(RECORD.size, end))
            if end + RECORD.size + length > total:
                break
            keys.append(_folded(name))
            starts.append(end)
            end += RECORD.size + length
        self._keys, self._starts = _sorted(keys.array(), starts.array())
        return end


def _sorted(keys: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The keys in their order, and where their records begin; of equal keys, the last one."""
    order = np.argsort(keys, kind="stable").astype(np.uint32)
    is_last = np.ones(len(order), bool)
    for start in range(0, len(order), CHUNK):
        part = keys[order[start : start + CHUNK + 1]]
        is_last[start : start + len(part) - 1] = part[1:] != part[:-1]
    order = order[is_last]
    pair = scratch.zeros(len(order), np.uint64), scratch.zeros(len(order), np.uint64)
    for start in range(0, len(order), CHUNK):
        part = order[start : start + CHUNK]
        for target, source in zip(pair, (keys, starts), strict=True):
            target[start : start + CHUNK] = source[part]
    return pair


def _folded(name: bytes) -> int:
    """A key in 8 bytes, by which its record is found; the record has all of it."""
    first, second, third, fourth = WORDS.unpack(name)
    return (first + 3 * second + 5 * third + 7 * fourth) % 2**64


def add(log: Path | None, values: Mapping[str, bytes | memoryview]) -> None:
    """Add values to the `log` of a `FileCache`, in one write. Where that fails, nothing is lost but time."""
    if log and values:
        records = b"".join(part for key, value in values.items() for part in _record(bytes.fromhex(key), value))
        with suppress(OSError):
            log.parent.mkdir(parents=True, exist_ok=True)  # absent on a node that sees no project
            with log.open("ab", buffering=0) as file:
                file.write(records)


def get_or_make(
    cache: FileCache,
    keys: Callable[[], Iterable[str]],
    items: Sequence[Item],
    make: Callable[[Item], bytes],
    *,
    title: str,
    lost: Callable[[Item, Loss], bytes] | None = None,
    limits: Limits | None = None,
) -> Iterator[bytes]:
    """The value of each item, in order; `make` makes it. `keys` returns the key of each, and is called twice.

    An item is asked for only when the cache lacks its value. What it lacks is made by `parallel.map`, to which `title`,
    `lost` and `limits` go. A value whose record is damaged was made within the limits once, so it is made again right
    here. `make` adds to the log itself, in the process where it runs.
    """
    starts = cache.find(keys())
    numbers = np.flatnonzero(starts == NOWHERE)
    missing = Computed(len(numbers), lambda number: items[numbers[number]])
    made = iter(parallel.map(make, missing, title=title, lost=lost, limits=limits))
    for number, (key, start) in enumerate(zip(keys(), map(int, starts), strict=True)):
        yield next(made) if start == NOWHERE else cache.value(key, start) or make(items[number])


def _record(name: bytes, value: bytes | memoryview) -> tuple[bytes, memoryview]:
    """The two parts of a record; the value is not copied."""
    data = memoryview(value).cast("B")
    return RECORD.pack(name, len(data), _checksum(name, data)), data


def _checksum(name: bytes, value: bytes | memoryview) -> int:
    return zlib.crc32(value, zlib.crc32(name))


def _delete_old_logs(path: Path) -> None:
    others = sorted((other for other in path.parent.glob("*.log") if other != path), key=lambda o: -o.stat().st_mtime)
    for other in others[MAX_LOGS - 1 :]:
        other.unlink(missing_ok=True)
