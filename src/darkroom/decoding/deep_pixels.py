"""Read the pixels of more than 8 bits a channel, all of their bits.

Pillow has no mode for deep colour: it keeps the high byte of each channel. Told that the file has the other byte
order, its decoders keep the low byte instead, so that two decodings give all 16 bits. The price is the second one.
"""

import sys
from io import BytesIO

import numpy as np
from PIL import Image, ImageFile

from darkroom.decoding import pnm_header
from darkroom.decoding.headers import Header

MODES = ("I;16", "I;16B", "I", "F", "RGB", "RGBA")  # Pillow's, of the files that are read here
EXACT = ("I;16", "I;16B", "F")  # modes that hold every bit


def read(image: Image.Image, header: Header, data: bytes) -> np.ndarray:
    """uint16 or float32 (h, w) or (h, w, c), c is 2 to 4, of the `image` that was opened from `data`."""
    if header.format == "PPM":
        return pnm_header.values(data)
    if image.mode in EXACT:
        return np.asarray(image)
    rawmode = _rawmode(image)
    if rawmode == "LA;16B":  # Pillow cannot swap these bytes; taken for four channels of one byte, they keep all
        return np.ascontiguousarray(_decoded(data, "PNG", "RGBA", "RGBA")).view(">u2").astype(np.uint16)
    first, second = (_decoded(data, image.format or "", image.mode, f"{image.mode};16{order}") for order in "BL")
    high, low = (first, second) if _is_big_endian(rawmode) else (second, first)
    values = high.astype(np.uint16)
    values <<= 8
    values |= low
    return values


def _rawmode(image: Image.Image) -> str:
    """How the pixels are stored, in Pillow's words."""
    assert isinstance(image, ImageFile.ImageFile)
    args = image.tile[0].args
    return args if isinstance(args, str) else str(args[0] if args else "")


def _is_big_endian(rawmode: str) -> bool:
    return rawmode.endswith("B") or (rawmode.endswith("N") and sys.byteorder == "big")


def _decoded(data: bytes, kind: str, mode: str, rawmode: str) -> np.ndarray:
    """uint8 (h, w, c): what Pillow makes of the file, told that its pixels are stored as `rawmode`."""
    with Image.open(BytesIO(data), formats=(kind,)) as image:
        image._mode = mode
        image.tile = [
            tile._replace(args=rawmode if isinstance(tile.args, str) else (rawmode, *(tile.args or ())[1:]))
            for tile in image.tile
        ]
        image.load()
        return np.asarray(image)
