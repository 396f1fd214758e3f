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
    "nearest": lambda image, square: image.resize(square, Image.Resampling.NEAREST),
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
JPEGS = ("JPEG", "MPO")  # they can be decoded at 1/2, 1/4 and 1/8 for less; MPO is a phone's JPEG of several frames
LOOK = 128  # pixels a side that a JPEG is at least decoded at: enough to tell pictures apart and for most networks
SMALL = 64  # pixels a side that are enough to judge light and shape


class BadPicture(ValueError):
    """A picture that cannot be used; its text is the reason, for a report."""


def picture(
    data: bytes,
    *,
    size: int,
    color: Literal["rgb", "grayscale", "binary"],
    fit: Literal["stretch", "crop", "pad", "nearest"],
    max_pixels: int,
) -> np.ndarray:
    """The first frame of `data`, upright, on white where transparent: uint8 (size, size, c), c is 3 or 1.

    `stretch` ignores the proportions, `crop` keeps the middle, `pad` adds black; `nearest` stretches
    by taking single pixels, the rest unseen, as Keras' ImageDataGenerator does. `binary` is 255 where the shrunk
    grey picture is at least 128, else 0, so that dividing by 255 gives the ones and zeros. Raises BadPicture.
    """
    with _opened(data, max_pixels) as image:
        return _square(_upright(image, max(size, LOOK)), size, color, fit)


def look(data: bytes, *, max_pixels: int) -> tuple[dict, Image.Image]:
    """Facts of a picture, width and height in pixels once upright, mode, format and `pixels`, and a small RGB of it.

    `pixels` is the SHA-256 of size and decoded RGB, so it is equal for pictures that look equal. Of a JPEG of 256
    pixels a side and more it is that of the picture at 1/2, 1/4 or 1/8, at least 128 pixels a side: faster, and the
    price is that the same picture in another format has another hash. The small one is shrunk by whole numbers to
    64 to 127 pixels a side, a smaller one left as it is. Raises BadPicture.
    """
    with _opened(data, max_pixels) as image:
        return _looked(image)[:2]


def look_and_pack(
    data: bytes, *, size: int, color: str, fit: str, max_pixels: int
) -> tuple[dict, Image.Image, np.ndarray]:
    """What `look` and `picture` give, decoded once unless a JPEG must be decoded finer for `size` than for a look."""
    with _opened(data, max_pixels) as image:
        finer = image.format in JPEGS and _scale(image, size) < _scale(image, LOOK)
        facts, small, flat = _looked(image)
        if not finer:
            return facts, small, _square(flat, size, color, fit)
    return facts, small, picture(data, size=size, color=color, fit=fit, max_pixels=max_pixels)


def _looked(image: Image.Image) -> tuple[dict, Image.Image, Image.Image]:
    """The facts, the small picture, and the one that both were taken from."""
    width, height = image.size[::-1] if _turn(image) in ON_THE_SIDE else image.size
    facts = {"width": width, "height": height, "mode": image.mode, "format": image.format}
    flat = _upright(image, LOOK)
    pixels = hashlib.sha256(f"{width}x{height}:".encode())
    pixels.update(flat.tobytes())
    small = flat.reduce((max(1, flat.width // SMALL), max(1, flat.height // SMALL)))
    return {**facts, "pixels": pixels.hexdigest()}, small, flat


def _square(flat: Image.Image, size: int, color: str, fit: str) -> np.ndarray:
    square = FITS[fit](flat if color == "rgb" else flat.convert("L"), (size, size))
    pixels = np.asarray(square, np.uint8).reshape(size, size, -1)
    return np.where(pixels < WHITE, np.uint8(0), np.uint8(255)) if color == "binary" else pixels


def _scale(image: Image.Image, side: int) -> int:
    """What Pillow divides a JPEG's sides by, so that both stay at `side` pixels and more."""
    room = min(image.width // side, image.height // side)
    return next(scale for scale in (8, 4, 2, 1) if scale <= max(1, room))


def _upright(image: Image.Image, side: int) -> Image.Image:
    """Decoded as RGB. A JPEG at 1/2, 1/4 or 1/8 while both sides stay at `side` pixels and more."""
    turn = _turn(image)
    image.draft(None, (side, side))
    return _flat(image if turn is None else image.transpose(turn))


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
