"""What an image's file says of itself, read from its bytes before any decoder sees them.

Pillow drops the low bytes of 16-bit colour, does not check the sums of PNG's pixels, and spends minutes on a million
tiny parts; none of it is to be seen on the opened image. The walks here end after `PARTS` steps.
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
    """Of a file of another format, and of a damaged one, what could not be found out is as usual."""

    bits: int = 8  # a channel
    size: tuple[int, int] = (0, 0)  # width and height in pixels, of a WebP, whose decoder takes memory to find out
    fault: str = ""  # why no decoder should see it
    note: str = ""  # what somebody should know who uses it


def read(data: bytes) -> Header:
    if data.startswith(PNG):
        return _png(data)
    if data.startswith(JPEG):
        return _jpeg(data)
    if data.startswith(b"GIF8"):
        return Header(note=ANIMATED if _has_second_frame(data) else "")
    if data.startswith(b"RIFF") and data[8:16] == b"WEBPVP8X":
        return _webp(data)
    return Header()


def _png(data: bytes) -> Header:
    """Each chunk is a length, a kind, a body and a checksum. What follows the last one, IEND, is not looked at."""
    place, bits, note = len(PNG), 8, ""
    for _ in range(PARTS):
        kind, end = data[place + 4 : place + 8], place + 8 + int.from_bytes(data[place : place + 4], "big")
        if end + 4 > len(data):
            return Header(bits=bits, note=note or "its end is missing")
        if zlib.crc32(data[place + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            return Header(fault="damaged (a checksum is wrong)")
        if kind == b"IHDR":
            bits = int.from_bytes(data[place + 16 : place + 17])
        if kind == b"acTL" and int.from_bytes(data[place + 8 : place + 12], "big") > 1:
            note = ANIMATED
        if kind == b"IEND":
            return Header(bits=bits, note=note)
        place = end + 4
    return Header(fault=f"a PNG of more than {PARTS} chunks")


def _jpeg(data: bytes) -> Header:
    place, bits, components, several = len(JPEG), 8, 0, False
    for _ in range(PARTS):
        place = data.find(b"\xff", place)
        if place < 0 or place + 9 >= len(data):
            return Header(bits=bits)
        code = data[place + 1]
        if code == START_OF_SCAN[1]:
            several = several or data[place + 4] < components  # only then a decoder looks for another scan
            return Header(bits=bits, fault=_many_scans(data, place) if several else "")
        if code in FRAMES:
            bits, components, several = data[place + 4], data[place + 9], code in PROGRESSIVE
        place = _after(data, place)
    return Header(fault=f"a JPEG of more than {PARTS} segments")


def _many_scans(data: bytes, place: int) -> str:
    """Counting signs is quick, but finds those in thumbnails and behind the end marker too."""
    many = data.count(START_OF_SCAN, place) > SCANS and _scans(data, place) > SCANS
    return f"a JPEG of more than {SCANS} scans" if many else ""


def _scans(data: bytes, place: int) -> int:
    """How many scans there are from `place` to the end marker, or one more than `SCANS`."""
    scans = 0
    for _ in range(PARTS):
        found = MARKER.search(data, place)
        if not found or found[0] == b"\xff\xd9" or scans > SCANS:
            break
        scans += found[0] == START_OF_SCAN
        place = _after(data, found.start())
    return scans


def _after(data: bytes, place: int) -> int:
    """Where the segment ends whose marker is at `place`."""
    code = data[place + 1]
    if code == 0xFF:  # a marker may have any number of them before it
        return place + 1
    return place + 2 + (0 if code in ALONE else int.from_bytes(data[place + 2 : place + 4], "big"))


def _webp(data: bytes) -> Header:
    """Of the extended format, the only one with animation and with sides above 16,383 pixels."""
    width, height = (1 + int.from_bytes(data[place : place + 3], "little") for place in (24, 27))
    animated = int.from_bytes(data[20:21]) & 2 and data.count(b"ANMF") > 1
    return Header(size=(width, height), note=ANIMATED if animated else "")


def _has_second_frame(gif: bytes) -> bool:
    """A frame and an extension are a head and sub-blocks of up to 255 bytes, an empty one at the end."""
    place, is_second, left = 13 + _table(gif[10:11]), False, PARTS
    while left > 0 and gif[place : place + 1] in (b"\x2c", b"\x21"):
        if gif[place] == FRAME:
            if is_second:
                return True
            is_second = True
            place += 11 + _table(gif[place + 9 : place + 10])
        else:
            place += 2
        while left > 0 and place < len(gif) and gif[place]:
            place, left = place + 1 + gif[place], left - 1
        place, left = place + 1, left - 1
    return False


def _table(flags: bytes) -> int:
    """Bytes of the table of colours that the flags of a GIF or of its frame tell of."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0
