"""Open one member of a zip so that no more is unpacked than is read.

`zipfile` does so for Deflate, but unpacks at once whatever it has read of bzip2 or LZMA, and 776 bytes of bzip2 can
hold 900 MB, whatever size the member declares. The file objects of `bz2` and `lzma` stop at the requested size.
"""

from __future__ import annotations

import bz2
import io
import lzma
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, BinaryIO

from darkroom.ingest import streams
from darkroom.ingest.streams import Stream
from darkroom.ingest.zip_places import Place

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
NAMES = {  # of methods that are not read (APPNOTE 4.4.5)
    1: "shrink",
    2: "reduce",
    3: "reduce",
    4: "reduce",
    5: "reduce",
    6: "implode",
    7: "tokenize",
    9: "deflate64",
    10: "implode",
    18: "terse",
    19: "lz77",
    93: "zstd",
    95: "xz",
    97: "wavpack",
    98: "ppmd",
}
UNREADABLE = {0x20: "compressed patched data (flag bit 5)", 0x40: "strong encryption (flag bit 6)"}
SMALLEST = 4096  # bytes of a dictionary of LZMA


def open_member(file: BinaryIO, place: Place) -> Stream:
    """Open the data of a member of the zip `file`. Reading raises BadZipFile when their sum is wrong.

    Raises NotImplementedError for data that are a patch or encrypted by the directory's own means.
    """
    for flag, what in UNREADABLE.items():
        if place.flags & flag:
            raise NotImplementedError(what)
    packed = streams.section(file, place.end - place.packed, place.packed)
    if place.method == zipfile.ZIP_BZIP2:
        return io.BufferedReader(_Checked(bz2.open(packed), place.crc))
    if place.method == zipfile.ZIP_LZMA:
        unpacked = lzma.open(packed, format=lzma.FORMAT_RAW, filters=[_lzma_filter(packed, place.size)])
        return io.BufferedReader(_Checked(unpacked, place.crc))
    return zipfile.ZipExtFile(packed, "r", _info(place))


def _info(place: Place) -> zipfile.ZipInfo:
    """Return what `zipfile` needs to unpack the member."""
    info = zipfile.ZipInfo()
    info.compress_size, info.file_size, info.CRC = place.packed, place.size, place.crc
    info.flag_bits, info.compress_type = place.flags, place.method
    return info


class _Checked(io.RawIOBase):
    """`stream`, whose CRC-32 is checked at its end."""

    def __init__(self, stream: Stream, crc: int):
        self._stream, self._expected, self._crc = stream, crc, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        target = memoryview(buffer)
        data = self._stream.read(len(target))
        target[: len(data)] = data
        self._crc = zlib.crc32(data, self._crc)
        if not data and self._crc != self._expected:
            raise zipfile.BadZipFile("wrong CRC-32")
        return len(data)


def _lzma_filter(packed: BinaryIO, size: int) -> dict[str, int]:
    """Read the properties in front of LZMA data (APPNOTE 5.8.8): version, length, one byte for lc, lp and pb, and the
    size of the dictionary, which never needs to exceed the unpacked `size`.
    """
    _, _, numbers, dictionary = struct.unpack("<2HBL", packed.read(9))
    pb, rest = divmod(numbers, 45)
    lp, lc = divmod(rest, 9)
    return {"id": lzma.FILTER_LZMA1, "dict_size": max(SMALLEST, min(dictionary, size)), "lc": lc, "lp": lp, "pb": pb}
