"""What was found out about a file's bytes, kept by their SHA-256 for the next run.

One append-only log for each way of finding out: a changed setting, library or line of code is another log. A record
proves itself with a checksum, so a torn or rotten one is a miss and is made anew, whatever killed the writer.
Keeping is a favour: a full or read-only disk ends it with a warning and costs nothing else.
The price: twice the disk for packed pictures, and what belongs to deleted pictures stays until `rm -r .cache`.
"""

import shutil
import struct
import zlib
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

from darkroom import files
from darkroom.errors import warn

RECORD = struct.Struct("<32sII")  # SHA-256 of the file, length of the value, checksum of both
KEPT = 4  # logs of one kind; older ones go
RESERVE = 1 << 30  # bytes of the disk that are never filled with favours
VENDORS = ("numpy", "pillow")


def log(folder: Path, modules: Iterable[ModuleType], *how: object) -> Path:
    """The log in `folder` for what this code, with these libraries, makes of a file, `how` being its settings."""
    code = [files.sha256(Path(module.__file__)) for module in modules]
    return folder / f"{files.fingerprint(code, [version(vendor) for vendor in VENDORS], how)}.log"


class Store:
    """A log that is open for reading and adding. Keys are SHA-256 in hex, values bytes.

    Only what lay in the log when it was opened is found: what is added is for the next run.
    """

    def __init__(self, path: Path):
        self._places: dict[bytes, int] = {}  # where a record begins
        self._full = False
        self._new = self._old = None  # to add to and to read from: one file for both loses its place
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _forget_old(path)
            self._new = path.open("ab")
            self._old = path.open("rb")
            self._new.truncate(self._index())
            self._full = shutil.disk_usage(path.parent).free < RESERVE
        except OSError as fault:
            self._give_up(fault)

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_) -> None:
        for file in filter(None, (self._new, self._old)):
            file.close()

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: str) -> bool:
        return bytes.fromhex(key) in self._places

    def get(self, key: str) -> bytes | None:
        """The value, None when there is none or its record is damaged."""
        name = bytes.fromhex(key)
        if name not in self._places:
            return None
        self._old.seek(self._places[name])
        _, size, checksum = RECORD.unpack(self._old.read(RECORD.size))
        value = self._old.read(size)
        return value if zlib.crc32(name + value) == checksum else None

    def add(self, key: str, value: bytes) -> None:
        name = bytes.fromhex(key)
        if self._new and not self._full:
            try:
                self._new.write(RECORD.pack(name, len(value), zlib.crc32(name + value)) + value)
            except OSError as fault:
                self._give_up(fault)

    def _index(self) -> int:
        """Find the records and return where the last whole one ends, in bytes."""
        end, total = 0, self._old.seek(0, 2)
        while end + RECORD.size <= total:
            self._old.seek(end)
            name, size, _ = RECORD.unpack(self._old.read(RECORD.size))
            if end + RECORD.size + size > total:
                break
            self._places[name] = end
            end += RECORD.size + size
        return end

    def _give_up(self, fault: OSError) -> None:
        warn(f"nothing is kept for the next run: {fault}")
        self._full = True


def _forget_old(path: Path) -> None:
    others = sorted((other for other in path.parent.glob("*.log") if other != path), key=lambda o: -o.stat().st_mtime)
    for other in others[KEPT - 1 :]:
        other.unlink(missing_ok=True)
