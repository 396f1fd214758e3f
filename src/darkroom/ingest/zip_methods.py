"""Open one member of a zip so that no more is unpacked than is read.

`zipfile` does so for Deflate, but unpacks at once whatever it has read of bzip2 or LZMA, and 776 bytes of bzip2 can
hold 900 MB, whatever size the member declares. The file objects of `bz2` and `lzma` stop at the requested size.
"""

import bz2
import lzma
import struct
import zipfile
import zlib
from types import TracebackType
from typing import BinaryIO, Self

from darkroom.ingest import streams
from darkroom.ingest.streams import Stream
from darkroom.ingest.zip_places import Place

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
UNREADABLE = {  # flags (APPNOTE 4.4.4)
    0x20: "compressed patched data (flag bit 5)",
    0x40: "strong encryption (flag bit 6)",
}
SMALLEST = 4096  # bytes of a dictionary of LZMA


def open_member(file: BinaryIO, place: Place) -> Stream:
    """Open the data of a member of the zip `file`. Reading its last byte raises BadZipFile when its sum is wrong."""
    return _Checked(_unpacked(streams.section(file, place.end - place.packed, place.packed), place), place)


def _unpacked(packed: BinaryIO, place: Place) -> Stream:
    if place.method == zipfile.ZIP_BZIP2:
        return bz2.open(packed)
    if place.method == zipfile.ZIP_LZMA:
        return lzma.open(packed, format=lzma.FORMAT_RAW, filters=[_lzma_filter(packed, place.size)])
    return zipfile.ZipExtFile(packed, "r", _info(place))


def _info(place: Place) -> zipfile.ZipInfo:
    """Return what `zipfile` needs to unpack the member. It checks no sum that is not there."""
    info = zipfile.ZipInfo()
    info.compress_size, info.file_size = place.packed, place.size
    info.flag_bits, info.compress_type = place.flags, place.method
    return info


class _Checked:
    """The data of a member, whose CRC-32 is checked when all of it was read, or more was asked for than there is."""

    def __init__(self, stream: Stream, place: Place):
        self._stream, self._expected = stream, place.crc
        self._crc, self._left = 0, place.size

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size)
        self._crc, self._left = zlib.crc32(data, self._crc), self._left - len(data)
        is_end = self._left == 0 or not 0 <= size <= len(data)
        if is_end and self._crc != self._expected:
            raise zipfile.BadZipFile("wrong CRC-32")
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self._stream.__exit__(kind, fault, trace)


def _lzma_filter(packed: BinaryIO, size: int) -> dict[str, int]:
    """Read the properties in front of LZMA data (APPNOTE 5.8.8): version, length, one byte for lc, lp and pb, and the
    size of the dictionary, which never needs to exceed the unpacked `size`.
    """
    _, _, numbers, dictionary = struct.unpack("<2HBL", packed.read(9))
    pb, rest = divmod(numbers, 45)
    lp, lc = divmod(rest, 9)
    return {"id": lzma.FILTER_LZMA1, "dict_size": max(SMALLEST, min(dictionary, size)), "lc": lc, "lp": lp, "pb": pb}
