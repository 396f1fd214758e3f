"""Read the header of an image file from its bytes, before any decoder sees them.

Pillow drops the low bytes of 16-bit colour, does not check the checksums of PNG's pixels, and spends minutes on a
million tiny parts; the opened image shows none of that. The loops here end after `PARTS` steps.
"""

import re
import zlib
from typing import NamedTuple

PARTS = 65_536  # chunks of a PNG, segments before the pixels of a JPEG: 64 MiB in pieces of 1 kB
SCANS = 100  # of a JPEG; a progressive one has about 10
PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8"
START_OF_SCAN = b"\xff\xda"
FRAMES = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})  # JPEG's markers that begin with the bits a channel
PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
ALONE = frozenset({0x00, 0x01, *range(0xD0, 0xDA)})  # JPEG's markers without a length
MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # among JPEG's pixels
FRAME = 0x2C  # what a frame of a GIF begins with; an extension begins with 0x21
ANIMATED = "animated, its first frame is used"


class Header(NamedTuple):
    """What a header says. The defaults stand for other formats, and for what a damaged file does not tell."""

    bits: int = 8  # a channel
    size: tuple[int, int] = (0, 0)  # width and height in pixels; (0, 0) where Pillow finds out without taking memory
    fault: str = ""  # why no decoder should see it
    note: str = ""  # what its user should know
    format: str = ""  # Pillow's name of its decoder; "" for JPEG, PNG, BMP, GIF and WebP
    white: int = 65_535  # the number of full intensity, where `bits` are more than 8
    is_float: bool = False
    is_scalable: bool = True  # whether all bits of more than 8 can be read


def read(data: bytes) -> Header:
    """Read the header of a PNG, JPEG, GIF or WebP; any other file has the defaults."""
    if data.startswith(PNG):
        return _png(data)
    if data.startswith(JPEG):
        header = _jpeg(data)
        return header._replace(is_scalable=header.bits <= 8)
    if data.startswith(b"GIF8"):
        return Header(note=ANIMATED if _has_second_frame(data) else "")
    if data.startswith(b"RIFF") and data[8:16] == b"WEBPVP8X":
        return _webp(data)
    return Header()


def _png(data: bytes) -> Header:
    """Each chunk is a length, a kind, a body and a checksum. What follows the last one, IEND, is ignored."""
    offset, bits, note = len(PNG), 8, ""
    for _ in range(PARTS):
        kind, end = data[offset + 4 : offset + 8], offset + 8 + int.from_bytes(data[offset : offset + 4], "big")
        if end + 4 > len(data):
            return Header(bits=bits, note=note or "its end is missing")
        if zlib.crc32(data[offset + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            return Header(fault="damaged (a checksum is wrong)")
        if kind == b"IHDR":
            bits = int.from_bytes(data[offset + 16 : offset + 17])
        if kind == b"acTL" and int.from_bytes(data[offset + 8 : offset + 12], "big") > 1:
            note = ANIMATED
        if kind == b"IEND":
            return Header(bits=bits, note=note)
        offset = end + 4
    return Header(fault=f"a PNG of more than {PARTS} chunks")


def _jpeg(data: bytes) -> Header:
    offset, bits, components, has_more_scans = len(JPEG), 8, 0, False
    for _ in range(PARTS):
        offset = data.find(b"\xff", offset)
        if offset < 0 or offset + 9 >= len(data):
            return Header(bits=bits)
        code = data[offset + 1]
        if code == START_OF_SCAN[1]:
            has_more_scans = (
                has_more_scans or data[offset + 4] < components
            )  # only then a decoder looks for another scan
            return Header(bits=bits, fault=_many_scans(data, offset) if has_more_scans else "")
        if code in FRAMES:
            bits, components, has_more_scans = data[offset + 4], data[offset + 9], code in PROGRESSIVE
        offset = _after(data, offset)
    return Header(fault=f"a JPEG of more than {PARTS} segments")


def _many_scans(data: bytes, offset: int) -> str:
    """Counting markers is quick, but counts those in thumbnails and behind the end marker too."""
    has_many = data.count(START_OF_SCAN, offset) > SCANS and _scans(data, offset) > SCANS
    return f"a JPEG of more than {SCANS} scans" if has_many else ""


def _scans(data: bytes, offset: int) -> int:
    """How many scans there are from `offset` to the end marker, or one more than `SCANS`."""
    scans = 0
    for _ in range(PARTS):
        marker = MARKER.search(data, offset)
        if not marker or marker[0] == b"\xff\xd9" or scans > SCANS:
            break
        scans += marker[0] == START_OF_SCAN
        offset = _after(data, marker.start())
    return scans


def _after(data: bytes, offset: int) -> int:
    """The offset at which the segment with its marker at `offset` ends."""
    code = data[offset + 1]
    if code == 0xFF:  # a marker may have any number of them before it
        return offset + 1
    return offset + 2 + (0 if code in ALONE else int.from_bytes(data[offset + 2 : offset + 4], "big"))


def _webp(data: bytes) -> Header:
    """Read the extended format, the only one with animation and with more than 16,383 pixels of width or height."""
    width, height = (1 + int.from_bytes(data[offset : offset + 3], "little") for offset in (24, 27))
    animated = int.from_bytes(data[20:21]) & 2 and data.count(b"ANMF") > 1
    return Header(size=(width, height), note=ANIMATED if animated else "")


def _has_second_frame(gif: bytes) -> bool:
    """A frame and an extension are a head and sub-blocks of up to 255 bytes, an empty one at the end."""
    offset, is_second, left = 13 + _table_bytes(gif[10:11]), False, PARTS
    while left > 0 and gif[offset : offset + 1] in (b"\x2c", b"\x21"):
        if gif[offset] == FRAME:
            if is_second:
                return True
            is_second = True
            offset += 11 + _table_bytes(gif[offset + 9 : offset + 10])
        else:
            offset += 2
        while left > 0 and offset < len(gif) and gif[offset]:
            offset, left = offset + 1 + gif[offset], left - 1
        offset, left = offset + 1, left - 1
    return False


def _table_bytes(flags: bytes) -> int:
    """Bytes of the colour table that the flags of a GIF or of its frame announce."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0
