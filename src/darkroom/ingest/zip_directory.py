"""Read the directory of a zip entry by entry, as it lies at the end of the archive (APPNOTE 4.3.12 to 4.3.16).

`zipfile` makes an object of 0.8 kB of every entry and keeps it. This reads the same archives, finds the same numbers in
them and refuses what it refuses, in a stream; a name is whole here, where `zipfile` cuts it at a NUL. What is damaged
raises BadZipFile, or what `struct` and decoding raise.
"""

import os
import struct
from collections.abc import Iterator
from typing import NamedTuple
from zipfile import BadZipFile

from darkroom.formats import names
from darkroom.ingest.streams import SeekableStream, section

END = struct.Struct("<4s4H2LH")  # signature, disks, entries, size and offset of the directory, length of the comment
LOCATOR = struct.Struct("<4sLQL")  # of END64: signature, disk, offset, number of disks
END64 = struct.Struct("<4sQ2H2L4Q")
ENTRY = struct.Struct("<4s4B4H3L5H2L")
SIGNATURE = b"PK\1\2"  # of an entry
COMMENT = 1 << 16  # bytes that a comment after END has at most
AHEAD = 1 << 18  # bytes of the directory that are read at once
NEWEST = 63  # version of the format that a reader needs at most
UNICODE = 0x800  # a flag: the name is UTF-8
ZIP64, IN_ZIP64, IN_ZIP64_SIZE = 1, 0xFFFFFFFF, (0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)


class NewerVersion(Exception):
    """A member that a reader of this version of the format cannot unpack."""


class Directory(NamedTuple):
    """Where the directory lies, in bytes."""

    start: int
    size: int
    shift: int  # to be added to the offsets in it: what lies before the archive in its file


class Entry(NamedTuple):
    """A member as the directory describes it. Sizes in bytes."""

    name: str  # in cp437 where `flags` do not declare UTF-8, see `readable`
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    mode: int  # external attributes
    offset: int  # of its header in front of the data, from the start of the file


def find(file: SeekableStream) -> Directory:
    """Raises BadZipFile where there is none."""
    length = file.seek(0, os.SEEK_END)
    at, (_, _, _, _, _, size, offset, _) = _end(file, length)
    before = at - size - offset
    if wide := _end64(file, at):
        size, offset = wide
        before = at - size - offset - END64.size - LOCATOR.size
    if offset + before < 0:
        raise BadZipFile("Bad offset for central directory")
    return Directory(offset + before, size, before)


def entries(file: SeekableStream, directory: Directory) -> Iterator[Entry]:
    """Yield the entries in their order. `file` may be read elsewhere meanwhile.

    Raises NewerVersion for one that cannot be read.
    """
    stream = section(file, directory.start, directory.size, AHEAD)
    left = directory.size
    while left > 0:
        fields = stream.read(ENTRY.size)
        if len(fields) != ENTRY.size:
            raise BadZipFile("Truncated central directory")
        signature, _, _, version, _, flags, method, _, _, crc, *rest = ENTRY.unpack(fields)
        packed, size, name_length, extra_length, comment_length, _, _, mode, offset = rest
        if signature != SIGNATURE:
            raise BadZipFile("Bad magic number for central directory")
        name = stream.read(name_length).decode("utf-8" if flags & UNICODE else "cp437")
        extra = stream.read(extra_length)
        stream.read(comment_length)
        if version > NEWEST:
            name, _ = readable(name, flags)
            raise NewerVersion(f"{name} needs version {version / 10:.1f} of the format, above {NEWEST / 10:.1f}")
        size, packed, offset = _widened(extra, size, packed, offset)
        yield Entry(name, flags, method, crc, packed, size, mode, offset + directory.shift)
        left -= ENTRY.size + name_length + extra_length + comment_length


def readable(name: str, flags: int) -> tuple[str, bool]:
    """Return the name of a header, and whether it is a guess. Many programs write UTF-8 without declaring it."""
    return (name, False) if flags & UNICODE else names.decoded(name.encode("cp437"))


def _end(file: SeekableStream, length: int) -> tuple[int, tuple]:
    """Return where the record at the end begins, and its fields. Of several, the last one counts."""
    start = max(length - COMMENT - END.size, 0)
    data = _read_at(file, start, length - start)
    at = len(data) - END.size
    if at < 0 or data[at : at + 4] != b"PK\5\6" or data[-2:] != b"\0\0":  # there may be a comment
        at = data.rfind(b"PK\5\6")
    record = data[max(at, 0) : at + END.size]
    if at < 0 or len(record) != END.size:
        raise BadZipFile("File is not a zip file")
    return start + at, END.unpack(record)


def _end64(file: SeekableStream, end: int) -> tuple[int, int] | None:
    """Return size and offset of the directory from the wide record in front of the one at `end`, if there is one."""
    start = end - LOCATOR.size
    data = _read_at(file, start, LOCATOR.size) if start >= 0 else b""
    if not data.startswith(b"PK\6\7"):
        return None
    _, disk, _, disks = LOCATOR.unpack(data)
    if disk != 0 or disks > 1:
        raise BadZipFile("zipfiles that span multiple disks are not supported")
    if start < END64.size:
        raise BadZipFile("File is not a zip file")
    data = _read_at(file, start - END64.size, END64.size)
    return END64.unpack(data)[-2:] if data.startswith(b"PK\6\6") else None


def _read_at(file: SeekableStream, start: int, size: int) -> bytes:
    file.seek(start)
    return file.read(size)


def _widened(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Return the numbers, taken from the zip64 fields where the entry refers to them."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        data, rest = extra[4 : 4 + length], extra[4 + length :]
        if len(data) < length:
            raise BadZipFile(f"Corrupt extra field {kind:04x} (size={length})")
        if kind == ZIP64:
            try:
                if size in IN_ZIP64_SIZE:
                    (size,), data = struct.unpack("<Q", data[:8]), data[8:]
                if packed == IN_ZIP64:
                    (packed,), data = struct.unpack("<Q", data[:8]), data[8:]
                if offset == IN_ZIP64:
                    (offset,) = struct.unpack("<Q", data[:8])
            except struct.error as fault:
                raise BadZipFile("Corrupt zip64 extra field") from fault
        extra = rest
    return size, packed, offset
