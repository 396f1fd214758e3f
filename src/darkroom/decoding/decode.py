"""Bytes to pixels: the one place where an image is opened, for scanning, packing, predicting and serving alike.

A model then never sees in production what it did not see in training. Strict on purpose: a pixel limit that is
checked before any memory is taken, no repair of damaged files, no 16-bit value scaled or clipped unless asked for.

The price: a JPEG damaged in its middle decodes without an error in every decoder, here too. Warnings of Pillow are
muted with `catch_warnings`, which two threads may undo for each other before Python 3.14: at worst one of them is
shown.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Literal, NamedTuple, TypedDict
from warnings import catch_warnings, filterwarnings

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from darkroom import sniff
from darkroom.decoding import deep_pixels, file_headers, headers, jpeg, levels, orientation, plugins, profiles
from darkroom.decoding.bad_image import BadImage as BadImage
from darkroom.decoding.headers import Header
from darkroom.decoding.levels import Levels
from darkroom.decoding.upright import FILTER, GAP, SMALL_SIZE, Upright
from darkroom.runtime.errors import printable

Color = Literal["rgb", "grayscale", "binary"]
Fit = Literal["stretch", "crop", "pad", "nearest"]

COMMON = ("JPEG", "PNG", "BMP", "GIF", "WEBP")
FORMATS = (*COMMON, "TIFF", "PPM", "AVIF", "HEIF")
CONVERTERS = {  # commands for formats of medicine and of satellites
    "JPEG 2000": ": magick FILE.jp2 FILE.png",
    "DICOM": ": dcmj2pnm +on +Wi 1 FILE.dcm FILE.png (DCMTK; +Wi 1 is the window that the file names)",
}
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr")  # Pillow's, of 8 bits a channel at most
WHITE = 128  # grey level from which a pixel of a binary image is white
FITS = {
    "stretch": lambda image, square: image.resize(square, FILTER, reducing_gap=GAP),
    "crop": lambda image, square: image.resize(square, FILTER, box=_middle(*image.size), reducing_gap=GAP),
    "pad": lambda image, square: ImageOps.pad(image, square, FILTER, color=0),
    "nearest": lambda image, square: image.resize(square, Image.Resampling.NEAREST),
}
JPEGS = ("JPEG", "MPO")  # they can be decoded at 1/2, 1/4 and 1/8 for less; MPO is a phone's JPEG of several frames
DEFAULT_LEVELS = Levels()


@dataclass(frozen=True)
class PackSettings:
    """How an image becomes a square array."""

    size: int  # pixels, width and height of the square
    color: Color
    fit: Fit
    max_pixels: int  # an image with more is refused
    levels: Levels = DEFAULT_LEVELS

    @property
    def channels(self) -> int:
        return 3 if self.color == "rgb" else 1

    @property
    def decoded_size(self) -> int:
        """The pixels of width and height that it takes; single ones are not taken of a small JPEG at half its size."""
        return max(self.size, 2 * SMALL_SIZE) if self.fit == "nearest" else self.size


class ImageFacts(TypedDict):
    """What decoding tells of an image."""

    pixels: str  # SHA-256 of size and decoded RGB
    width: int  # pixels, once upright
    height: int
    mode: str  # Pillow's
    format: str
    note: str  # what its user should know, mostly ""


class Decoded(NamedTuple):
    """A decoded image, and what the file says of it."""

    upright: Upright  # a JPEG's at 1/2, 1/4 or 1/8 of its size, where that was enough
    size: tuple[int, int]  # width and height in pixels of the whole image, upright
    mode: str  # Pillow's
    format: str
    note: str


def to_array(data: bytes, settings: PackSettings) -> np.ndarray:
    """Decode the first frame of `data`, upright, on white where transparent: uint8 (size, size, c), c is 3 or 1.

    `stretch` ignores the proportions, `crop` keeps the middle, `pad` adds black; `nearest` stretches
    by taking single pixels and skipping the rest, as Keras' ImageDataGenerator does. `binary` is 255 where the shrunk
    grey image is at least 128, else 0, so that dividing by 255 gives the ones and zeros. Raises BadImage.
    """
    return _square(_decoded(data, settings.max_pixels, settings.levels, settings.decoded_size).upright, settings)


def from_pixels(pixels: np.ndarray, settings: PackSettings) -> np.ndarray:
    """Do with pixels that are decoded already what `to_array` does with a file that holds them.

    `pixels` is uint8 (h, w), (h, w, 1), (h, w, 3) or (h, w, 4), the fourth channel being opacity. Raises BadImage.
    """
    shape = pixels.shape[:2] if pixels.shape[2:] == (1,) else pixels.shape
    if pixels.dtype != np.uint8 or shape[2:] not in ((), (3,), (4,)) or len(shape) < 2 or not pixels.size:
        raise BadImage(f"expected uint8 (h, w) or (h, w, c), c 1, 3 or 4, got {pixels.dtype} {pixels.shape}")
    _refuse_size(shape[1], shape[0], settings.max_pixels)
    return _square(Upright(_flattened(Image.fromarray(pixels.reshape(shape)))), settings)


def inspect(data: bytes, *, max_pixels: int, levels: Levels = DEFAULT_LEVELS) -> tuple[ImageFacts, np.ndarray]:
    """Return the facts of an image and a small RGB copy, uint8 (h, w, 3).

    `pixels` is equal for images that look equal. For a JPEG of 128 x 128 pixels and more it is taken of the image at
    1/2, 1/4 or 1/8, see `_least`: faster, and the price is that the same image in another format has another hash, and
    that JPEGs which differ in finer detail alone have the same one. The small copy has at most 64 pixels of width and
    of height, each shrunk by itself, so that copies of nearly all images have one size and are measured together.
    Raises BadImage.
    """
    return _inspected(_decoded(data, max_pixels, levels))


def inspect_and_pack(data: bytes, settings: PackSettings) -> tuple[ImageFacts, np.ndarray, np.ndarray]:
    """Return what `inspect` and `to_array` return.

    The image is decoded once, unless it is a JPEG that `settings` need at a finer scale than `inspect` does.
    """
    decoded = _decoded(data, settings.max_pixels, settings.levels)
    facts, small = _inspected(decoded)
    is_fine = settings.decoded_size <= SMALL_SIZE or decoded.format not in JPEGS
    is_fine = is_fine or _scale(decoded.size, 0) == _scale(decoded.size, settings.decoded_size)
    return facts, small, _square(decoded.upright, settings) if is_fine else to_array(data, settings)


def _inspected(decoded: Decoded) -> tuple[ImageFacts, np.ndarray]:
    (width, height), upright = decoded.size, decoded.upright
    pixels = hashlib.sha256(f"{width}x{height}:".encode())
    pixels.update(upright.pixels.data)
    facts = ImageFacts(
        pixels=pixels.hexdigest(),
        width=width,
        height=height,
        mode=decoded.mode,
        format=decoded.format,
        note=decoded.note,
    )
    return facts, upright.small


def _middle(width: int, height: int) -> tuple[float, float, float, float]:
    """The box of the largest square in the middle of an image."""
    side = min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def _square(upright: Upright, settings: PackSettings) -> np.ndarray:
    size, is_rgb = settings.size, settings.color == "rgb"
    if is_rgb and (settings.fit == "stretch" or upright.size == (size, size)):
        return upright.stretched((size, size))
    image = upright.image if is_rgb else upright.image.convert("L")
    pixels = np.asarray(FITS[settings.fit](image, (size, size)), np.uint8).reshape(size, size, -1)
    return np.where(pixels < WHITE, np.uint8(0), np.uint8(255)) if settings.color == "binary" else pixels


def _decoded(data: bytes, max_pixels: int, settings: Levels, packed: int = 0) -> Decoded:
    """Decode as sRGB. A JPEG at 1/2, 1/4 or 1/8 where that leaves `packed` pixels of width and height."""
    if not data:
        raise BadImage("empty file")
    frame = jpeg.read(data) if data.startswith(headers.JPEG) else None
    header = Header() if frame and frame.has_one_scan else file_headers.read(data)
    _refuse_by_header(header, max_pixels, settings)
    plain = _plain(data, frame, max_pixels, packed) if frame else None
    return plain or _decoded_by_pillow(data, header, max_pixels, settings, packed)


def _scale(size: tuple[int, int], packed: int) -> int:
    return jpeg.scale(size, _least(size, packed))


def _least(size: tuple[int, int], packed: int) -> int:
    """The pixels of width and height that a JPEG of `size` keeps when it is decoded at 1/2, 1/4 or 1/8.

    They are enough for `packed` and for the small copy; a large one keeps twice that of the latter. The price, for
    squares of 64 pixels: the packed pixels of photographs are 1.6 grey levels off those of the whole image shrunk by
    the same filter, and 1.4 where they are decoded whole and shrunk by blocks first.
    """
    return max(packed, SMALL_SIZE if min(size) < 4 * SMALL_SIZE else 2 * SMALL_SIZE)


def _plain(data: bytes, frame: jpeg.Frame, max_pixels: int, packed: int) -> Decoded | None:
    size = frame.width, frame.height
    _refuse_size(*size, max_pixels)
    pixels = jpeg.decode(data, frame, _least(size, packed))
    return None if pixels is None else Decoded(Upright(pixels), size, frame.mode, "JPEG", "")


def _decoded_by_pillow(data: bytes, header: Header, max_pixels: int, settings: Levels, packed: int) -> Decoded:
    with _opened(data, header, max_pixels, settings) as (image, note):
        transpose = orientation.read(image)
        size, mode, format_name = orientation.upright_size(image.size, transpose), image.mode, image.format or ""
        return Decoded(Upright(_upright(image, transpose, _least(size, packed))), size, mode, format_name, note)


def _upright(image: Image.Image, transpose: Image.Transpose | None, least: int) -> Image.Image:
    image.draft(None, (least, least))  # None keeps the mode
    return _flattened(image if transpose is None else image.transpose(transpose))


@contextmanager
def _opened(data: bytes, header: Header, max_pixels: int, settings: Levels) -> Iterator[tuple[Image.Image, str]]:
    """The opened image and a note on it; whatever goes wrong with it inside the block becomes a BadImage."""
    plugins.prepare(header.format)
    with catch_warnings():
        filterwarnings("ignore", module="PIL")  # about unusual EXIF, which is ignored, and size, which is checked
        try:
            with Image.open(BytesIO(data), formats=(header.format,) if header.format else COMMON) as image:
                _refuse_opened(image, header, max_pixels)
                notes = [header.note, profiles.settle(image, settings.icc)]
                if header.bits > 8 and image.format not in levels.DECODED_TO_8_BITS:
                    yield _shallow(image, header, data, settings), _joined(notes)
                else:
                    yield image, _joined(notes)
        except (BadImage, MemoryError):
            raise
        except Image.DecompressionBombError as fault:
            raise BadImage(f"more than {max_pixels} pixels") from fault
        except UnidentifiedImageError as fault:
            raise BadImage(_what_it_is_instead(data)) from fault
        except Exception as fault:  # decoders of damaged files raise OSError, SyntaxError, struct.error, ...
            raise _decoder_fault(fault) from fault


def _joined(notes: Sequence[str]) -> str:
    return "; ".join(filter(None, notes))


def _shallow(image: Image.Image, header: Header, data: bytes, settings: Levels) -> Image.Image:
    """An image of 8 bits a channel, with the format and the metadata of `image`, which has more."""
    if "transparency" in image.info:  # one deep colour, which scaling might give to other pixels too
        raise BadImage(f"{header.bits} bits a channel and a transparent colour, convert it to RGBA")
    made = Image.fromarray(levels.scaled(deep_pixels.read(image, header, data), header, settings))
    made.format, made.info = image.format, image.info
    return made


def _refuse_by_header(header: Header, max_pixels: int, settings: Levels) -> None:
    if reason := header.fault or levels.refusal(header, settings):
        raise BadImage(reason)
    _refuse_size(*header.size, max_pixels)


def _refuse_opened(image: Image.Image, header: Header, max_pixels: int) -> None:
    _refuse_size(*image.size, max_pixels)
    if image.mode not in (deep_pixels.MODES if header.bits > 8 else MODES):
        raise BadImage(f"pixels of mode {image.mode}, convert it to RGB of 8 bits a channel")


def _refuse_size(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise BadImage(f"{width} x {height} is more than {max_pixels} pixels")


def _decoder_fault(fault: Exception) -> Exception:
    message = str(fault).lower()
    if "out of memory" in message:  # Pillow raises an OSError for its codecs
        return MemoryError()
    return BadImage("truncated" if "truncated" in message else printable(f"damaged ({fault})"))


def _what_it_is_instead(data: bytes) -> str:
    kind = sniff.kind(data)
    if kind in (*COMMON, *file_headers.READERS):
        return f"damaged ({kind})"
    if kind in sniff.IMAGES:
        return f"format {kind} is not allowed, convert it to JPEG or PNG{CONVERTERS.get(kind, '')}"
    if kind == "a Git LFS pointer":
        return "a Git LFS pointer in place of an image, run `git lfs pull` where it came from"
    return f"not an image (looks like {kind})" if kind else "not an image"


def _flattened(image: Image.Image) -> Image.Image:
    """sRGB, on white where it was transparent: plain `convert` would show the colour hidden under it."""
    if not image.has_transparency_data:
        return profiles.to_srgb(image, image.convert("RGB"))
    clear = image.convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear).convert("RGB")
    return profiles.to_srgb(image, flat)
