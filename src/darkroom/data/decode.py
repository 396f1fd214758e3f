"""Bytes to pixels: the one place where a picture is opened, for scanning, packing, predicting and serving alike.

A model then never sees in production what it did not see in training. Strict on purpose: few formats, a pixel
limit that is checked before any memory is taken, no repair of damaged files, never a clipped 16-bit value.

The price: JPEG damaged in its middle decodes without complaint in every decoder, here too. Colour profiles are
ignored. Warnings of Pillow are muted with `catch_warnings`, which two threads may undo for each other before
Python 3.14: at worst one of them is shown.
"""

import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Literal
from warnings import catch_warnings, filterwarnings

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from darkroom.data import magic
from darkroom.errors import printable

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
OTHERS = ("TIFF", "PSD", "EPS", "ICO", "JPEG 2000", "HEIC", "AVIF")  # pictures we could name but do not open
DEEP = ("I", "F")  # Pillow's modes with more than 8 bits start with these
FILTER = Image.Resampling.BILINEAR  # Pillow widens it when shrinking, so nothing is skipped
WHITE = 128  # grey level from which a pixel of a binary picture is white
FITS = {
    "stretch": lambda image, square: image.resize(square, FILTER),
    "crop": lambda image, square: ImageOps.fit(image, square, FILTER),
    "pad": lambda image, square: ImageOps.pad(image, square, FILTER, color=0),
}
TURNS = {  # EXIF orientation -> what makes it upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
ON_THE_SIDE = [TURNS[orientation] for orientation in (5, 6, 7, 8)]
SMALL = 64  # pixels a side that are enough to judge light and shape, and to tell pictures apart


class BadPicture(ValueError):
    """A picture that cannot be used; its text is the reason, for a report."""


def picture(
    data: bytes,
    *,
    size: int,
    color: Literal["rgb", "grayscale", "binary"],
    fit: Literal["stretch", "crop", "pad"],
    max_pixels: int,
) -> np.ndarray:
    """The first frame of `data`, upright, on white where transparent: uint8 (size, size, c), c is 3 or 1.

    `stretch` ignores the proportions, `crop` keeps the middle, `pad` adds black. `binary` is 255 where the shrunk
    grey picture is at least 128, else 0, so that dividing by 255 gives the ones and zeros. Raises BadPicture.
    """
    with _opened(data, max_pixels) as image:
        image.draft(None, (size, size))  # JPEG only: decode at 1/2, 1/4 or 1/8 while both sides stay >= size
        turn = _turn(image)
        flat = _flat(image if turn is None else image.transpose(turn))
        square = FITS[fit](flat if color == "rgb" else flat.convert("L"), (size, size))
        pixels = np.asarray(square, np.uint8).reshape(size, size, -1)
        return np.where(pixels < WHITE, np.uint8(0), np.uint8(255)) if color == "binary" else pixels


def look(data: bytes, *, max_pixels: int) -> tuple[dict, Image.Image]:
    """Facts of a picture, width and height in pixels once upright, mode, format and `pixels`, and a small RGB of it.

    `pixels` is the SHA-256 of size and decoded RGB, so it is equal for pictures that look equal. Of a JPEG of 128
    pixels a side and more it is that of the picture at 1/2, 1/4 or 1/8, at least 64 pixels a side: faster, and the
    price is that the same picture in another format has another hash. The small one is shrunk by whole numbers to
    64 to 127 pixels a side, a smaller one left as it is. Raises BadPicture.
    """
    with _opened(data, max_pixels) as image:
        turn = _turn(image)
        width, height = image.size[::-1] if turn in ON_THE_SIDE else image.size
        facts = {"width": width, "height": height, "mode": image.mode, "format": image.format}
        image.draft(None, (SMALL, SMALL))
        flat = _flat(image if turn is None else image.transpose(turn))
        pixels = hashlib.sha256(f"{width}x{height}:".encode())
        pixels.update(flat.tobytes())
        small = flat.reduce((max(1, flat.width // SMALL), max(1, flat.height // SMALL)))
        return {**facts, "pixels": pixels.hexdigest()}, small


@contextmanager
def _opened(data: bytes, max_pixels: int) -> Iterator[Image.Image]:
    """The opened picture; whatever goes wrong with it inside the block becomes a BadPicture."""
    if not data:
        raise BadPicture("empty file")
    with catch_warnings():
        filterwarnings("ignore", module="PIL")  # about odd EXIF, which is ignored, and size, which is checked
        try:
            with Image.open(BytesIO(data), formats=FORMATS) as image:
                _insist(image, max_pixels)
                if image.format == "PNG":
                    _insist_on_sums(data)
                yield image
        except (BadPicture, MemoryError):
            raise
        except Image.DecompressionBombError as fault:
            raise BadPicture(f"more than {max_pixels} pixels") from fault
        except UnidentifiedImageError as fault:
            raise BadPicture(_instead(data)) from fault
        except Exception as fault:  # decoders of damaged files raise OSError, SyntaxError, struct.error, ...
            cut = "truncated" in str(fault).lower()
            raise BadPicture("truncated" if cut else printable(f"damaged ({fault})")) from fault


def _insist(image: Image.Image, max_pixels: int) -> None:
    if image.width * image.height > max_pixels:
        raise BadPicture(f"{image.width} x {image.height} is more than {max_pixels} pixels")
    if image.mode.startswith(DEEP):
        raise BadPicture(f"more than 8 bits a channel (mode {image.mode}), convert it to 8 bits")


def _insist_on_sums(data: bytes) -> None:
    """PNG carries a checksum for each chunk; Pillow's decoder skips those of the pixels."""
    start = len(b"\x89PNG\r\n\x1a\n")
    while start + 12 <= len(data):  # length, kind, body, checksum
        end = start + 8 + int.from_bytes(data[start : start + 4], "big")
        if end + 4 <= len(data) and zlib.crc32(data[start + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            raise BadPicture("damaged (a checksum is wrong)")
        start = end + 4


def _instead(data: bytes) -> str:
    kind = magic.kind(data)
    if kind in OTHERS:
        return f"format {kind} is not allowed, convert it to JPEG or PNG"
    if kind in FORMATS:
        return f"damaged ({kind})"
    return f"not an image (looks like {kind})" if kind else "not an image"


def _turn(image: Image.Image) -> Image.Transpose | None:
    """What makes it upright, by its EXIF. `ImageOps.exif_transpose` also rewrites the EXIF, which fails on garbage."""
    try:
        return TURNS.get(image.getexif().get(ExifTags.Base.Orientation))
    except Exception:  # unreadable EXIF says nothing about orientation
        return None


def _flat(image: Image.Image) -> Image.Image:
    """RGB, on white where it was transparent: plain `convert` would show the colour hidden under it."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
