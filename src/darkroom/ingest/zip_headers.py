"""Compare a zip member's local header, in front of its data, with its entry in the directory.

A zip describes each member twice. Most programs list by the directory at the end and find the data by the local header;
others read front to back and never see the directory. Where the two disagree, different programs would see
different data sets. The price: one short read per member.
"""

import struct
from typing import BinaryIO, NamedTuple

from darkroom.ingest import zip_directory
from darkroom.ingest.zip_directory import UNICODE, Entry
from darkroom.runtime.errors import printable

LOCAL = struct.Struct("<4s5H3L2H")  # signature, version, flags, method, time, date, CRC, packed, size, name, extra
ZIP64, IN_ZIP64 = 1, 0xFFFFFFFF  # id of the zip64 extra field, and the size that refers to it
ENCRYPTED, STREAMED, MASKED = 0x1, 0x8, 0x2000


class LocalHeader(NamedTuple):
    """Its contents. Sizes in bytes; `end` is where the data end, from the start of the file."""

    name: str
    flags: int
    method: int
    packed: int
    size: int
    end: int


def read(file: BinaryIO, length: int, entry: Entry) -> LocalHeader | None:
    """Return the local header of the member in a file of `length` bytes; None where there is none."""
    if not 0 <= entry.offset < length:
        return None
    file.seek(entry.offset)
    head = file.read(LOCAL.size)
    if len(head) < LOCAL.size or not head.startswith(b"PK\3\4"):
        return None
    _, _, flags, method, _, _, _, packed, size, name_length, extra_length = LOCAL.unpack(head)
    name, extra = file.read(name_length), file.read(extra_length)
    size, packed = _from_zip64(extra, size, packed)
    end = entry.offset + LOCAL.size + name_length + extra_length + entry.packed
    text = name.decode("utf-8" if flags & UNICODE else "cp437", "replace")
    return LocalHeader(text, flags, method, packed, size, end)


def _from_zip64(extra: bytes, *sizes: int) -> list[int]:
    """Return `sizes`, taken from the zip64 field where the header refers to it."""
    offset = 0
    while offset + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, offset)
        offset += 4
        if kind == ZIP64:
            numbers = struct.iter_unpack("<Q", extra[offset : offset + length // 8 * 8])
            return [next(numbers, (size,))[0] if size == IN_ZIP64 else size for size in sizes]
        offset += length
    return list(sizes)


def contradiction(entry: Entry, local: LocalHeader) -> tuple[str, str] | None:
    """Return error code and description of the first difference between header and directory; None if they agree.

    A program that writes a zip as a stream (STREAMED) does not know the sizes yet and may leave them 0.
    """
    packed, size = local.packed, local.size
    if local.flags & STREAMED:
        packed, size = packed or entry.packed, size or entry.size
    if local.name != entry.name:
        name, _ = zip_directory.readable(local.name, local.flags)
        return "E_ARCHIVE_CORRUPT", f"is called {printable(name[:80])} by the header in front of its data"
    if local.method != entry.method:
        return "E_ARCHIVE_CORRUPT", _disagree("method", entry.method, local.method)
    if (local.flags ^ entry.flags) & (ENCRYPTED | STREAMED | MASKED):
        return "E_ARCHIVE_CORRUPT", _disagree("flags", entry.flags, local.flags)
    if size != entry.size:
        return "E_ARCHIVE_SIZE_LIE", _disagree("size", entry.size, size)
    if packed != entry.packed:
        return "E_ARCHIVE_SIZE_LIE", _disagree("packed size", entry.packed, packed)
    return None


def _disagree(what: str, listed: int, own: int) -> str:
    return f"has {what} {listed} by the directory and {own} by the header in front of its data"
