"""Read the properties of an AVIF or HEIC: boxes within boxes, of the ISO base media file format (ISO/IEC 14496-12).

The largest `ispe` is the size of the whole image where it is made of tiles (ISO/IEC 23008-12).
"""

from collections.abc import Iterator
from typing import NamedTuple

from darkroom.decoding.headers import ANIMATED, PARTS, Header

PATH = (b"meta", b"iprp", b"ipco")  # where the properties are
HEAD_OF_META = 4  # bytes: version and flags
SEQUENCES = (b"avis", b"hevc", b"hevx", b"msf1")  # major brands


class Box(NamedTuple):
    kind: bytes
    start: int  # of its body
    end: int


def read_avif(data: bytes) -> Header:
    return _read(data, "AVIF")


def read_heic(data: bytes) -> Header:
    return _read(data, "HEIF")


def _read(data: bytes, name: str) -> Header:
    properties = _properties(data)
    sizes = [_size(data, box) for box in properties if box.kind == b"ispe"]
    bits = max([8, *(_bits(data, box) for box in properties)])
    largest = max(sizes, key=lambda size: size[0] * size[1], default=(0, 0))
    return Header(bits=bits, size=largest, note=ANIMATED if data[8:12] in SEQUENCES else "", format=name)


def _properties(data: bytes) -> list[Box]:
    start, end = 0, len(data)
    for kind in PATH:
        box = next((box for box in _boxes(data, start, end) if box.kind == kind), None)
        if box is None:
            return []
        start, end = box.start + (HEAD_OF_META if kind == b"meta" else 0), box.end
    return list(_boxes(data, start, end))


def _boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    for _ in range(PARTS):
        if start + 8 > end:
            return
        length, head = int.from_bytes(data[start : start + 4], "big"), 8
        if length == 1:
            length, head = int.from_bytes(data[start + 8 : start + 16], "big"), 16
        after = min(end, start + length) if length else end
        if after < start + head:
            return
        yield Box(data[start + 4 : start + 8], start + head, after)
        start = after


def _size(data: bytes, ispe: Box) -> tuple[int, int]:
    width, height = (int.from_bytes(data[at : at + 4], "big") for at in (ispe.start + 4, ispe.start + 8))
    return width, height


def _bits(data: bytes, box: Box) -> int:
    """Bits a channel by a `pixi`, by the flags of an `av1C` or by an `hvcC`; 0 for any other box."""
    body = data[box.start : min(box.end, box.start + 32)]
    if box.kind == b"pixi":
        return max(body[5:9], default=0)
    if box.kind == b"av1C" and len(body) > 2 and body[2] & 0x40:
        return 12 if body[2] & 0x20 else 10
    return 8 + (body[17] & 7) if box.kind == b"hvcC" and len(body) > 17 else 0
