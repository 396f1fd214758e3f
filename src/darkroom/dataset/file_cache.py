"""What was computed from a file's bytes, cached under their SHA-256 for the next run: facts, and packed rows.

One append-only log for each way of computing: a changed setting, library or line of code is another log. A record
proves itself with a checksum, so a torn or damaged one is a miss and is computed again, whatever killed the writer.
Whoever computes values adds them, from any process: a batch of records is one write to the end of the file, which
keeps records whole on a local disk. Caching is optional: a full or read-only disk ends it with a warning and no more.
The price: twice the disk for packed images, and what belongs to deleted images stays until `rm -r .cache`.

Packed rows are what validate leaves for preprocess: its inspection has decoded each image anyway, so it packs it as
well, and preprocess, as a rule, only puts rows together. The price: the validate stage depends on how images are
packed. Facts never do, so a change of that inspects no image again.
"""

import os
import shutil
import struct
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from importlib.metadata import version
from importlib.util import find_spec
from io import FileIO
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, TypeVar

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
from darkroom.decoding.decode import PackSettings
from darkroom.decoding.levels import Levels
from darkroom.params import Preprocess
from darkroom.runtime import files
from darkroom.runtime.errors import warn
from darkroom.table import Computed
from darkroom.workers import parallel
from darkroom.workers.serving import Limits, Loss

Item = TypeVar("Item")

RECORD = struct.Struct("<32sII")  # SHA-256 of the file, length of the value, checksum of both
WORDS = struct.Struct("<4Q")  # of a SHA-256
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
    to add, None where nothing can be cached. 16 bytes a record are held.
    """

    def __init__(self, path: Path):
        self.log: Path | None = None
        self._keys, self._starts = np.empty(0, np.uint64), np.empty(0, np.uint64)  # sorted; where records begin
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
        except OSError as fault:
            warn(f"nothing is cached for the next run: {fault}")

    def __enter__(self) -> "FileCache":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: str) -> bool:
        place = self._place(key)
        return bool(place < len(self) and self._keys[place] == np.uint64(_folded(bytes.fromhex(key))))

    def get(self, key: str) -> bytes | None:
        """The value, None when there is none or its record is damaged."""
        if key not in self:
            return None
        start = int(self._starts[self._place(key)])
        name, length, checksum = RECORD.unpack(self._read(RECORD.size, start))
        value = self._read(length, start + RECORD.size)
        return value if name.hex() == key and _checksum(name, value) == checksum else None

    def _place(self, key: str) -> int:
        return int(np.searchsorted(self._keys, np.uint64(_folded(bytes.fromhex(key)))))

    def _read(self, length: int, start: int) -> bytes:
        assert self._file  # it is open where there are records
        self._file.seek(start)
        return self._file.read(length) or b""

    def _index(self, total: int) -> int:
        """Find the records and return where the last complete one ends, in bytes. Of one key, the last one counts."""
        end, keys, starts = 0, array("Q"), array("Q")
        while end + RECORD.size <= total:
            name, length, _ = RECORD.unpack(self._read(RECORD.size, end))
            if end + RECORD.size + length > total:
                break
            keys.append(_folded(name))
            starts.append(end)
            end += RECORD.size + length
        found = np.frombuffer(keys, np.uint64)[::-1]
        self._keys, last = np.unique(found, return_index=True)
        self._starts = np.frombuffer(starts, np.uint64)[::-1][last]
        return end


def _folded(name: bytes) -> int:
    """A key in 8 bytes, by which its record is found; the record has all of it."""
    first, second, third, fourth = WORDS.unpack(name)
    return (first + 3 * second + 5 * third + 7 * fourth) % 2**64


def add(log: Path | None, values: Mapping[str, bytes]) -> None:
    """Add values to the `log` of a `FileCache`, in one write. Where that fails, nothing is lost but time."""
    if log and values:
        with suppress(OSError), log.open("ab", buffering=0) as file:
            file.write(b"".join(_record(bytes.fromhex(key), value) for key, value in values.items()))


def get_or_make(
    cache: FileCache,
    items: Sequence[Item],
    key: Callable[[Item], str],
    make: Callable[[Item], bytes],
    *,
    title: str,
    lost: Callable[[Item, Loss], bytes] | None = None,
    limits: Limits | None = None,
) -> Iterator[bytes]:
    """The value of each item, in order; `key` says under which key it is cached, and `make` makes it.

    What `cache` lacks is made by `parallel.map`, to which `title`, `lost` and `limits` go. A value whose record is
    damaged was made within the limits once, so it is made again right here. `make` adds to the log itself, in the
    process where it runs.
    """
    is_cached = np.fromiter((key(item) in cache for item in items), bool, len(items))
    numbers = np.flatnonzero(~is_cached)
    missing = Computed(len(numbers), lambda number: items[numbers[number]])
    made = iter(parallel.map(make, missing, title=title, lost=lost, limits=limits))
    for item, cached in zip(items, is_cached, strict=True):
        yield (cache.get(key(item)) or make(item)) if cached else next(made)


class RowLog(NamedTuple):
    """How an image becomes a packed row, and where that is cached; small enough to go to a worker with each chunk."""

    settings: PackSettings
    log: Path | None  # None: nowhere

    def add(self, rows: Mapping[str, np.ndarray]) -> None:
        """Add rows by the SHA-256 of their files."""
        add(self.log, {digest: row.tobytes() for digest, row in rows.items()})


@contextmanager
def open_rows(folder: Path, config: Preprocess, max_pixels: int) -> Iterator[tuple[FileCache, RowLog]]:
    """Open the packed rows that were made with these settings, and the log for more of them."""
    settings = PackSettings(config.image_size, config.color, config.fit, max_pixels, _levels(config))
    with FileCache(log_path(folder, DECODER, asdict(settings))) as cache:
        yield cache, RowLog(settings, cache.log)


def _levels(config: Preprocess) -> Levels:
    low, high = config.window
    return Levels(config.depth, (low, high) if config.depth == "window" else None, config.icc)


def _record(name: bytes, value: bytes) -> bytes:
    return RECORD.pack(name, len(value), _checksum(name, value)) + value


def _checksum(name: bytes, value: bytes) -> int:
    return zlib.crc32(value, zlib.crc32(name))


def _delete_old_logs(path: Path) -> None:
    others = sorted((other for other in path.parent.glob("*.log") if other != path), key=lambda o: -o.stat().st_mtime)
    for other in others[MAX_LOGS - 1 :]:
        other.unlink(missing_ok=True)
