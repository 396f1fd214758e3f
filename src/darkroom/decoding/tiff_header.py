"""Read the first directory of a TIFF: its size, its kind of pixels, and whether more pages follow.

TIFF 6.0: https://www.itu.int/itudoc/itu-t/com16/tiff-fx/docs/tiff6.pdf
"""

from collections.abc import Mapping
from typing import Literal

from darkroom.decoding.headers import Header

WIDTH, HEIGHT, BITS, PHOTOMETRIC, SAMPLES, PLANAR = 256, 257, 258, 262, 277, 284
TILE_WIDTH, TILE_HEIGHT, EXTRA, FORMAT = 322, 323, 338, 339
TAGS = {WIDTH, HEIGHT, BITS, PHOTOMETRIC, SAMPLES, PLANAR, TILE_WIDTH, TILE_HEIGHT, EXTRA, FORMAT}
BYTES = {1: 1, 3: 2, 4: 4}  # of the types BYTE, SHORT and LONG
MOST = 16  # values of a tag that are read
LARGEST_TILE = 1 << 24  # pixels; libtiff takes memory for one, whatever the size of the image
UNSIGNED, FLOAT = 1, 3  # SampleFormat
BLACK_IS_ZERO, RGB = 1, 2  # PhotometricInterpretation
STRAIGHT_ALPHA = 2  # ExtraSamples
PAGES = "of several pages, its first is used"

Tags = Mapping[int, tuple[int, ...]]


def read(data: bytes) -> Header:
    order: Literal["little", "big"] = "little" if data.startswith(b"II") else "big"
    start = int.from_bytes(data[4:8], order)
    count = int.from_bytes(data[start : start + 2], order)  # at most 65,535
    end = start + 2 + 12 * count
    tags = dict(_entry(data, offset, order) for offset in range(start + 2, min(end, len(data)), 12))
    size = _first(tags, WIDTH, 0), _first(tags, HEIGHT, 0)
    note = PAGES if int.from_bytes(data[end : end + 4], order) else ""
    bits = max(tags.get(BITS) or (1,))
    return Header(
        bits=bits,
        size=size,
        fault=_fault(tags, size, bits),
        note=note,
        format="TIFF",
        white=(1 << bits) - 1 if bits <= 16 else 0,
        is_float=FLOAT in tags.get(FORMAT, ()),
        is_scalable=_is_scalable(tags, bits),
    )


def _entry(data: bytes, offset: int, order: Literal["little", "big"]) -> tuple[int, tuple[int, ...]]:
    """A tag and its first values, none of a tag that is not needed here."""
    tag, kind = (int.from_bytes(data[at : at + 2], order) for at in (offset, offset + 2))
    count, width = int.from_bytes(data[offset + 4 : offset + 8], order), BYTES.get(kind, 0)
    if tag not in TAGS or not width:
        return tag, ()
    at = offset + 8 if count * width <= 4 else int.from_bytes(data[offset + 8 : offset + 12], order)
    starts = range(at, at + width * min(count, MOST), width)
    return tag, tuple(int.from_bytes(data[start : start + width], order) for start in starts)


def _first(tags: Tags, tag: int, default: int) -> int:
    return (tags.get(tag) or (default,))[0]


def _fault(tags: Tags, size: tuple[int, int], bits: int) -> str:
    if 0 in size:
        return "damaged (TIFF)"
    if _first(tags, TILE_WIDTH, 0) * _first(tags, TILE_HEIGHT, 0) > LARGEST_TILE:
        return f"a TIFF with tiles of more than {LARGEST_TILE} pixels"
    if bits <= 8 and set(tags.get(FORMAT, ())) - {UNSIGNED}:
        return "signed numbers as pixels, convert it to unsigned ones"
    return ""


def _is_scalable(tags: Tags, bits: int) -> bool:
    """Whether Pillow opens deep pixels as they are: grey, black is zero, or RGB with or without opacity."""
    formats, samples = set(tags.get(FORMAT) or (UNSIGNED,)), _first(tags, SAMPLES, 1)
    kind = _first(tags, PHOTOMETRIC, 0), samples
    if kind == (BLACK_IS_ZERO, 1):
        return (formats, bits) in (({UNSIGNED}, 12), ({UNSIGNED}, 16), ({FLOAT}, 32))
    is_color = kind == (RGB, 3) or (kind == (RGB, 4) and _first(tags, EXTRA, 0) == STRAIGHT_ALPHA)
    return is_color and _first(tags, PLANAR, 1) == 1 and formats == {UNSIGNED} and bits == 16
