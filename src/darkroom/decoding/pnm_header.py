"""Read the header of a PBM, PGM or PPM, and the pixels of those that have two bytes a channel.

Netpbm's formats: https://netpbm.sourceforge.net/doc/ppm.html
"""

import re

import numpy as np

from darkroom.decoding.headers import Header

LENGTH = 4096  # bytes in which a header must end, comments included
SPACE = rb"(?:\s|#[^\r\n]*[\r\n])+"
NUMBER = rb"(\d{1,9})"
BITMAP = re.compile(rb"P([14])" + SPACE + NUMBER + SPACE + NUMBER + rb"\s")
GRAYMAP = re.compile(rb"P([2356])" + (SPACE + NUMBER) * 3 + rb"\s")
PLAIN = (b"2", b"3")  # their numbers are written as text
DEEPEST = 65_535  # white


def read(data: bytes) -> Header:
    if match := BITMAP.match(data[:LENGTH]):
        return Header(bits=1, size=(int(match[2]), int(match[3])), format="PPM")
    match = GRAYMAP.match(data[:LENGTH])
    if not match or not 1 <= int(match[4]) <= DEEPEST:
        return Header(format="PPM", fault="damaged (a header that is none of PBM, PGM and PPM)")
    size, white = (int(match[2]), int(match[3])), int(match[4])
    is_readable = match[1] not in PLAIN
    return Header(bits=white.bit_length(), size=size, format="PPM", white=white, is_scalable=is_readable)


def values(data: bytes) -> np.ndarray:
    """uint16 (h, w) of a PGM or (h, w, 3) of a PPM whose white is above 255. Raises ValueError when it is cut."""
    match = GRAYMAP.match(data[:LENGTH])
    assert match
    shape = (int(match[3]), int(match[2]), *((3,) if match[1] == b"6" else ()))
    count = int(np.prod(shape))
    if len(data) - match.end() < 2 * count:
        raise ValueError("truncated")
    return np.frombuffer(data, ">u2", count, match.end()).reshape(shape)
