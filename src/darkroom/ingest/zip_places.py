"""Where the members of a zip lie and how they are packed: 44 bytes for each, in a file (`table.scratch`)."""

from typing import NamedTuple

import numpy as np

from darkroom.ingest.zip_directory import Entry
from darkroom.table import scratch

NO_HEADER = -1  # in place of an end


BOUNDS = np.iinfo(np.int64)  # of an offset or an end; what a damaged archive has beyond counts as the bound


class Place(NamedTuple):
    """Of one member. Sizes in bytes; `offset` is that of its header, and may be negative in a damaged archive."""

    offset: int
    end: int  # of its data, from the start of the file
    packed: int
    size: int
    crc: int
    flags: int
    method: int


_PLACE = np.dtype(list(zip(Place._fields, ("<i8", "<i8", "<u8", "<u8", "<u4", "<u4", "<u4"), strict=True)))


def empty(length: int) -> np.ndarray:
    return scratch.zeros(length, _PLACE)


def of(entry: Entry, end: int) -> Place:
    """Return the place of a member whose data end at byte `end`."""
    offset, end = (max(BOUNDS.min, min(number, BOUNDS.max)) for number in (entry.offset, end))
    return Place(offset, end, entry.packed, entry.size, entry.crc, entry.flags, entry.method)


def at(places: np.ndarray, number: int) -> Place:
    return Place(*places[number].item())
