"""A small image as PNG bytes, with the standard library alone: the report needs no imaging vendor."""

import math
import struct
import zlib

import numpy as np

SIDE = 64  # pixels, at most: the report lives in git
GREY, RGB = 0, 2  # colour types of the PNG specification (ISO/IEC 15948, 11.2.2)


def png(image: np.ndarray) -> bytes:
    """`image` uint8 `(s, s, c)` with 1 or 3 channels; a large one keeps every n-th pixel."""
    return encoded(small(image))


def small(image: np.ndarray) -> np.ndarray:
    step = math.ceil(max(image.shape[:2]) / SIDE)
    return image[::step, ::step]


def encoded(image: np.ndarray, clear: int | None = None) -> bytes:
    """`image` uint8 `(h, w, c)` with 1 or 3 channels, as it is; pixels with all channels `clear` are transparent."""
    height, width, channels = image.shape
    header = struct.pack(">IIBBBBB", width, height, 8, GREY if channels == 1 else RGB, 0, 0, 0)
    lines = b"".join(b"\0" + np.ascontiguousarray(line).tobytes() for line in image)
    through = [] if clear is None else [(b"tRNS", struct.pack(">H", clear) * channels)]
    chunks = (b"IHDR", header), *through, (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
