"""Pictures in every format and mode that Pillow writes and darkroom reads, all different."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
from PIL import Image, features

ORIENTATION = 0x0112  # tag of EXIF
DEEP = (" I;16", " F")
LEVELS = {"depth": "full", "window": None, "icc": "convert"}  # with which a model reads more than 8 bits, too


def pictures(count: int, *, deep: bool = True) -> dict[str, bytes]:
    """Return files by their names, which say format and mode; each kind comes in turn.

    Without `deep` none has more than 8 bits a channel, which only a model with such levels reads.
    """
    kinds = [(name, make) for name, make in KINDS.items() if deep or not name.endswith(DEEP)]
    made = {}
    for number in range(count):
        name, make = kinds[number % len(kinds)]
        made[f"{number:03} {name}"] = make(_drawn(number))
    return made


def _drawn(number: int) -> Image.Image:
    """Smooth noise in RGB, of 24 to 96 pixels a side."""
    random = np.random.default_rng(number)
    cells = int(random.integers(2, 12))
    low, high = np.sort(random.integers(0, 256, 2))
    coarse = random.integers(low, high, (cells, cells, 3), np.uint8, endpoint=True)
    width, height = map(int, random.integers(24, 97, 2))
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def _saved(form: str, mode: str = "RGB", **options: object) -> Callable[[Image.Image], bytes]:
    def save(image: Image.Image) -> bytes:
        file = BytesIO()
        _in_mode(image, mode).save(file, form, **options)
        return file.getvalue()

    return save


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    if mode in ("LA", "RGBA"):
        image.putalpha(image.convert("L"))
    if mode == "I;16":
        return Image.fromarray(np.asarray(image.convert("L"), np.uint16) * 257)
    if mode == "F":
        return Image.fromarray(np.asarray(image.convert("L"), np.float32) / 255)
    return image.convert(mode)


def _turned(orientation: int) -> Callable[[Image.Image], bytes]:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return _saved("JPEG", exif=exif)


def _see_through(image: Image.Image) -> bytes:
    return _saved("PNG", "P", transparency=0)(image)


KINDS: dict[str, Callable[[Image.Image], bytes]] = {
    **{f"PNG {mode}": _saved("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")},
    "PNG P, transparent": _see_through,
    **{f"JPEG {mode}": _saved("JPEG", mode) for mode in ("L", "RGB", "CMYK")},
    "JPEG progressive": _saved("JPEG", progressive=True),
    **{f"JPEG turned {orientation}": _turned(orientation) for orientation in range(2, 9)},
    **{f"BMP {mode}": _saved("BMP", mode) for mode in ("1", "L", "P", "RGB")},
    "GIF P": _saved("GIF", "P"),
    **{f"WEBP {mode}": _saved("WEBP", mode) for mode in ("RGB", "RGBA")},
    **{f"TIFF {m}": _saved("TIFF", m) for m in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "F")},
    **{f"PPM {mode}": _saved("PPM", mode) for mode in ("1", "L", "RGB")},
    **({"AVIF RGB": _saved("AVIF")} if features.check("avif") else {}),
}
