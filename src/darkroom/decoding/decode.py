"""Bytes to pixels: the one place where an image is opened, for scanning, packing, predicting and serving alike.

A model then never sees in production what it did not see in training. Strict on purpose: few formats, a pixel
limit that is checked before any memory is taken, no repair of damaged files, never a clipped 16-bit value.

The price: JPEG damaged in its middle decodes without complaint in every decoder, here too. Colour profiles are
ignored. Warnings of Pillow are muted with `catch_warnings`, which two threads may undo for each other before
Python 3.14: at worst one of them is shown.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Literal
from warnings import catch_warnings, filterwarnings

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from darkroom import sniff
from darkroom.decoding import headers
from darkroom.runtime.errors import printable

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")  # Pillow's, of 8 bits a channel at most
FILTER = Image.Resampling.BILINEAR  # Pillow widens it when shrinking, so nothing is skipped
WHITE = 128  # grey level from which a pixel of a binary image is white
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
LOOK = 128  # pixels a side that a JPEG is at least decoded at: enough to tell images apart and for most networks
SMALL = 64  # pixels a side that are enough to judge light and shape


class BadImage(ValueError):
    """An image that cannot be used; its text is the reason, for a report."""


def to_array(
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
    grey image is at least 128, else 0, so that dividing by 255 gives the ones and zeros. Raises BadImage.
    """
    with _opened(data, max_pixels) as (image, _):
        return _square(_upright(image, max(size, LOOK)), size, color, fit)


def look(data: bytes, *, max_pixels: int) -> tuple[dict, Image.Image]:
    """Facts of an image, width and height in pixels once upright, mode, format, `pixels` and `note`, and a small RGB.

    `pixels` is the SHA-256 of size and decoded RGB, so it is equal for images that look equal. Of a JPEG of 256
    pixels a side and more it is that of the image at 1/2, 1/4 or 1/8, at least 128 pixels a side: faster, and the
    price is that the same image in another format has another hash. The small one is shrunk by whole numbers to
    64 to 127 pixels a side, a smaller one left as it is. `note` is what its user should know, mostly "". Raises
    BadImage.
    """
    with _opened(data, max_pixels) as (image, note):
        facts, small, _ = _looked(image)
        return {**facts, "note": note}, small


def look_and_pack(
    data: bytes, *, size: int, color: str, fit: str, max_pixels: int
) -> tuple[dict, Image.Image, np.ndarray]:
    """What `look` and `image` give, decoded once unless a JPEG must be decoded finer for `size` than for a look."""
    with _opened(data, max_pixels) as (image, note):
        finer = image.format in JPEGS and _scale(image, size) < _scale(image, LOOK)
        facts, small, flat = _looked(image)
        facts["note"] = note
        if not finer:
            return facts, small, _square(flat, size, color, fit)
    return facts, small, to_array(data, size=size, color=color, fit=fit, max_pixels=max_pixels)


def _looked(image: Image.Image) -> tuple[dict, Image.Image, Image.Image]:
    """The facts, the small image, and the one that both were taken from."""
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
def _opened(data: bytes, max_pixels: int) -> Iterator[tuple[Image.Image, str]]:
    """The opened image and a note on it; whatever goes wrong with it inside the block becomes a BadImage."""
    if not data:
        raise BadImage("empty file")
    header = headers.read(data)
    _refuse_unread(header, max_pixels)
    with catch_warnings():
        filterwarnings("ignore", module="PIL")  # about odd EXIF, which is ignored, and size, which is checked
        try:
            with Image.open(BytesIO(data), formats=FORMATS) as image:
                _refuse_opened(image, max_pixels)
                yield image, header.note
        except (BadImage, MemoryError):
            raise
        except Image.DecompressionBombError as fault:
            raise BadImage(f"more than {max_pixels} pixels") from fault
        except UnidentifiedImageError as fault:
            raise BadImage(_instead(data)) from fault
        except Exception as fault:  # decoders of damaged files raise OSError, SyntaxError, struct.error, ...
            raise _of_decoder(fault) from fault


def _refuse_unread(header: headers.Header, max_pixels: int) -> None:
    if header.fault:
        raise BadImage(header.fault)
    if header.bits > 8:
        raise BadImage(f"more than 8 bits a channel ({header.bits}), convert it to 8 bits")
    _refuse_size(*header.size, max_pixels)


def _refuse_opened(image: Image.Image, max_pixels: int) -> None:
    _refuse_size(*image.size, max_pixels)
    if image.mode not in MODES:
        raise BadImage(f"pixels of mode {image.mode}, convert it to RGB of 8 bits a channel")


def _refuse_size(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise BadImage(f"{width} x {height} is more than {max_pixels} pixels")


def _of_decoder(fault: Exception) -> Exception:
    said = str(fault).lower()
    if "out of memory" in said:  # Pillow says so of its codecs with an OSError
        return MemoryError()
    return BadImage("truncated" if "truncated" in said else printable(f"damaged ({fault})"))


def _instead(data: bytes) -> str:
    kind = sniff.kind(data)
    if kind in sniff.IMAGES:
        return f"format {kind} is not allowed, convert it to JPEG or PNG"
    if kind in FORMATS:
        return f"damaged ({kind})"
    if kind == "a Git LFS pointer":
        return "a Git LFS pointer in place of an image, run `git lfs pull` where it came from"
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
