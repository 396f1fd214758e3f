"""Write a TIFF tag by tag, in either byte order, without any library."""

import struct

import numpy as np

SHORT, LONG = 3, 4


def tiff(pixels: np.ndarray, *, order: str = "<", next_page: int = 0, **tags: list[int]) -> bytes:
    """An uncompressed TIFF of the array (h, w) or (h, w, c), in one strip; `tags` are t<number>=[values]."""
    height, width = pixels.shape[:2]
    samples = pixels.shape[2] if pixels.ndim == 3 else 1
    body = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    entries = {
        256: [width],
        257: [height],
        258: [pixels.itemsize * 8] * samples,
        259: [1],
        262: [2 if samples > 2 else 1],
        273: [8],
        277: [samples],
        278: [height],
        279: [len(body)],
    } | {int(tag[1:]): values for tag, values in tags.items()}
    return written(entries, body, order, next_page)


def written(entries: dict[int, list[int]], body: bytes, order: str, next_page: int = 0) -> bytes:
    body += b"\0" * (len(body) % 2)
    at, directory, more = 8 + len(body), b"", b""
    more_at = at + 2 + 12 * len(entries) + 4
    for tag, values in sorted(entries.items()):
        kind = SHORT if max(values) < 1 << 16 else LONG
        packed = struct.pack(f"{order}{len(values)}{'H' if kind == SHORT else 'L'}", *values)
        if len(packed) > 4:
            packed, more = struct.pack(f"{order}L", more_at + len(more)), more + packed
        directory += struct.pack(f"{order}HHL", tag, kind, len(values)) + packed.ljust(4, b"\0")
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HL", 42, at)
    return head + body + struct.pack(f"{order}H", len(entries)) + directory + struct.pack(f"{order}L", next_page) + more
