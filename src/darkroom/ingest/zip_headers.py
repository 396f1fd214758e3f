"""The header in front of a member's data in a zip, held against what the directory says of the same member.

A zip describes each member twice. `zipfile` lists by the directory at the end and finds the data by this header;
others read from front to end and never see the directory. So whatever the two say differently would be one data
set for one reader and another for the next. The price: one short read a member.
"""

import struct
import zipfile
from typing import BinaryIO, NamedTuple

from darkroom.runtime.errors import printable

LOCAL = struct.Struct("<4s5H3L2H")  # signature, version, flags, method, time, date, CRC, packed, size, name, extra
WIDE, FULL = 1, 0xFFFFFFFF  # the extra field of zip64, and what a size says that is to be found there
ENCRYPTED, STREAMED, MASKED, UNICODE = 0x1, 0x8, 0x2000, 0x800


class Local(NamedTuple):
    """What it says; `end` is where the data end, in bytes from the start of the file."""

    name: str
    flags: int
    method: int
    packed: int
    size: int
    end: int


def read(file: BinaryIO, info: zipfile.ZipInfo) -> Local | None:
    """The header of the member `info`; None where there is none."""
    if info.header_offset < 0:
        return None
    file.seek(info.header_offset)
    head = file.read(LOCAL.size)
    if len(head) < LOCAL.size or not head.startswith(b"PK\3\4"):
        return None
    _, _, flags, method, _, _, _, packed, size, named, more = LOCAL.unpack(head)
    name, extra = file.read(named), file.read(more)
    size, packed = _wide(extra, size, packed)
    end = info.header_offset + LOCAL.size + named + more + info.compress_size
    text = name.decode("utf-8" if flags & UNICODE else "cp437", "replace")
    return Local(text, flags, method, packed, size, end)


def _wide(extra: bytes, *sizes: int) -> list[int]:
    """`sizes`, taken from the field of zip64 where the header has no room for them."""
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, place)
        place += 4
        if kind == WIDE:
            numbers = struct.iter_unpack("<Q", extra[place : place + length // 8 * 8])
            return [next(numbers, (size,))[0] if size == FULL else size for size in sizes]
        place += length
    return list(sizes)


def lie(info: zipfile.ZipInfo, local: Local) -> tuple[str, str] | None:
    """Code and sentence for what the header says otherwise than the directory; None when they agree.

    Whoever writes a zip front to end (STREAMED) does not know the sizes yet and may leave them 0.
    """
    packed, size = local.packed, local.size
    if local.flags & STREAMED:
        packed, size = packed or info.compress_size, size or info.file_size
    if local.name != info.orig_filename:
        return "E_ARCHIVE_CORRUPT", f"is called {printable(local.name[:80])} by the header in front of its data"
    if local.method != info.compress_type:
        return "E_ARCHIVE_CORRUPT", _disagree("method", info.compress_type, local.method)
    if (local.flags ^ info.flag_bits) & (ENCRYPTED | STREAMED | MASKED):
        return "E_ARCHIVE_CORRUPT", _disagree("flags", info.flag_bits, local.flags)
    if size != info.file_size:
        return "E_ARCHIVE_SIZE_LIE", _disagree("size", info.file_size, size)
    if packed != info.compress_size:
        return "E_ARCHIVE_SIZE_LIE", _disagree("packed size", info.compress_size, packed)
    return None


def _disagree(what: str, listed: int, own: int) -> str:
    return f"has {what} {listed} by the directory and {own} by the header in front of its data"
