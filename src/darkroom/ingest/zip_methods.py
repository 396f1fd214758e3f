"""The data of one member of a zip, unpacked no faster than they are read.

`zipfile` does so for Deflate, but whatever it has read of bzip2 or LZMA it unpacks at once, and 776 bytes of bzip2 can
hold 900 MB, whatever size the member declares. The files of `bz2` and `lzma` stop at what they are asked for.
"""

import bz2
import io
import lzma
import struct
import zipfile
import zlib
from typing import BinaryIO

from darkroom.ingest.slices import Slice

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
SMALLEST = 4096  # bytes of a dictionary of LZMA


def opened(archive: zipfile.ZipFile, file: BinaryIO, info: zipfile.ZipInfo, end: int) -> BinaryIO:
    """The data of `info`, which end in `file` at byte `end`. Reading raises BadZipFile when their sum is wrong."""
    packed = Slice(file, end - info.compress_size, info.compress_size)
    if info.compress_type == zipfile.ZIP_BZIP2:
        return _Summed(bz2.open(packed), info.CRC)
    if info.compress_type == zipfile.ZIP_LZMA:
        return _Summed(lzma.open(packed, format=lzma.FORMAT_RAW, filters=[_filter(packed, info.file_size)]), info.CRC)
    return archive.open(info)


class _Summed(io.RawIOBase):
    """`stream`, whose CRC-32 is compared when it ends."""

    def __init__(self, stream: BinaryIO, crc: int):
        self._stream, self._wanted, self._crc = stream, crc, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self._crc = zlib.crc32(data, self._crc)
        if not data and self._crc != self._wanted:
            raise zipfile.BadZipFile("wrong CRC-32")
        return len(data)


def _filter(packed: BinaryIO, size: int) -> dict[str, int]:
    """What a member packed with LZMA begins with: a version, the length of what follows, one byte for three numbers
    (APPNOTE 5.8.8), and the size of the dictionary, of which `size` bytes need no more than themselves.
    """
    _, _, numbers, dictionary = struct.unpack("<2HBL", packed.read(9))
    pb, rest = divmod(numbers, 45)
    lp, lc = divmod(rest, 9)
    return {"id": lzma.FILTER_LZMA1, "dict_size": max(SMALLEST, min(dictionary, size)), "lc": lc, "lp": lp, "pb": pb}
