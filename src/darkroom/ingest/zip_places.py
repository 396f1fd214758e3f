"""Where the members of a zip lie and how they are packed, 44 bytes for each, where a `ZipInfo` takes 0.8 kB."""

import zipfile
from typing import BinaryIO

import numpy as np

from darkroom.ingest import zip_headers

NO_HEADER = -1  # in place of an end
_PLACE = np.dtype(
    [
        ("offset", "<i8"),  # of its header; may be negative in a damaged archive
        ("end", "<i8"),  # of its data, from the start of the file
        ("packed", "<u8"),
        ("size", "<u8"),
        ("crc", "<u4"),
        ("flags", "<u4"),
        ("method", "<u4"),
    ]
)


def empty(length: int) -> np.ndarray:
    return np.zeros(length, _PLACE)


def of(info: zipfile.ZipInfo, end: int) -> tuple[int, ...]:
    """Return the row for a member whose data end at byte `end`."""
    return info.header_offset, end, info.compress_size, info.file_size, info.CRC, info.flag_bits, info.compress_type


def info(file: BinaryIO, place: np.void) -> zipfile.ZipInfo:
    """Return what `zipfile` needs to open a member of `file`. The name is that of the header in front of the data."""
    made = zipfile.ZipInfo()
    made.header_offset, _, made.compress_size, made.file_size, made.CRC, made.flag_bits, made.compress_type = (
        place.item()
    )
    if local := zip_headers.read(file, made):
        made.orig_filename = local.name
    return made
