"""What was found out about a file's bytes, kept by their SHA-256 for the next run.

One append-only log for each way of finding out: a changed setting, library or line of code is another log. A record
proves itself with a checksum, so a torn or rotten one is a miss and is made anew, whatever killed the writer.
Whoever found something out adds it, from any process: a record is one write to the end of the file, which keeps
records whole on a local disk. Keeping is a favour: a full or read-only disk ends it with a warning and no more.
The price: twice the disk for packed images, and what belongs to deleted images stays until `rm -r .cache`.
"""

import os
import shutil
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from darkroom.runtime import files
from darkroom.runtime.errors import warn
from darkroom.workers import parallel
from darkroom.workers.item_pool import Limits, Loss

Item = TypeVar("Item")

RECORD = struct.Struct("<32sII")  # SHA-256 of the file, length of the value, checksum of both
KEPT = 4  # logs of one kind; older ones go
RESERVE = 1 << 30  # bytes of the disk that are never filled with favours
VENDORS = ("numpy", "pillow")


def log(folder: Path, modules: Iterable[ModuleType], *config: object) -> Path:
    """The log in `folder` for what this code, with these libraries, makes of a file, `config` being its settings."""
    code = [files.sha256(Path(module.__file__)) for module in modules]
    return folder / f"{files.fingerprint(code, [version(vendor) for vendor in VENDORS], config)}.log"


class Store:
    """A log that is open for reading. Keys are SHA-256 in hex, values bytes.

    Only what lay in the log when it was opened is found: what is added is for whoever opens it next. `to` is where
    to add it, None where nothing can be kept.
    """

    def __init__(self, path: Path):
        self.to: Path | None = None
        self._places: dict[bytes, tuple[int, int, int]] = {}  # where a value begins, its length and its checksum
        self._file = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _forget_old(path)
            self._file = path.open("ab+", buffering=0)
            total = self._file.seek(0, os.SEEK_END)
            whole = self._index(total)
            if whole < total:
                self._file.truncate(whole)
            if shutil.disk_usage(path.parent).free >= RESERVE:
                self.to = path
        except OSError as fault:
            warn(f"nothing is kept for the next run: {fault}")

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_) -> None:
        if self._file:
            self._file.close()

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: str) -> bool:
        return bytes.fromhex(key) in self._places

    def get(self, key: str) -> bytes | None:
        """The value, None when there is none or its record is damaged."""
        name = bytes.fromhex(key)
        if name not in self._places:
            return None
        start, size, checksum = self._places[name]
        value = os.pread(self._file.fileno(), size, start)
        return value if _checksum(name, value) == checksum else None

    def _index(self, total: int) -> int:
        """Find the records and return where the last whole one ends, in bytes."""
        end = 0
        while end + RECORD.size <= total:
            name, size, checksum = RECORD.unpack(os.pread(self._file.fileno(), RECORD.size, end))
            if end + RECORD.size + size > total:
                break
            self._places[name] = (end + RECORD.size, size, checksum)
            end += RECORD.size + size
        return end


def add(to: Path | None, key: str, value: bytes) -> None:
    """Keep a value in the log `to` of a `Store`. Where that fails, nobody is the poorer."""
    name = bytes.fromhex(key)
    if to:
        with suppress(OSError), to.open("ab", buffering=0) as log:
            log.write(RECORD.pack(name, len(value), _checksum(name, value)) + value)


def each(
    store: Store,
    keys: Sequence[str],
    items: Sequence[Item],
    make: Callable[[Item], bytes],
    *,
    title: str,
    lost: Callable[[Item, Loss], bytes] | None = None,
    limits: Limits | None = None,
) -> Iterator[bytes]:
    """The value of each item, in order: what `store` has under its key, or else `make` of the item, by `parallel`.

    `lost` and `limits` are for `parallel`; what has a damaged record was made within them once, so it is made again
    right here. Adding is for `make` to do, in the process where it runs.
    """
    known = [key in store for key in keys]
    missing = [item for item, is_known in zip(items, known, strict=True) if not is_known]
    fresh = iter(parallel.map(make, missing, title=title, lost=lost, limits=limits))
    for key, item, is_known in zip(keys, items, known, strict=True):
        yield (store.get(key) or make(item)) if is_known else next(fresh)


def _checksum(name: bytes, value: bytes) -> int:
    return zlib.crc32(value, zlib.crc32(name))


def _forget_old(path: Path) -> None:
    others = sorted((other for other in path.parent.glob("*.log") if other != path), key=lambda o: -o.stat().st_mtime)
    for other in others[KEPT - 1 :]:
        other.unlink(missing_ok=True)
