"""How the numbers in an image file become 8 bits a channel of sRGB."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from darkroom.decoding.bad_image import BadImage
from darkroom.decoding.headers import Header

Depth = Literal["refuse", "full", "window"]
Icc = Literal["convert", "ignore"]

WHITE = 255
ROWS = 64  # that are scaled at once, so that no temporary array is as large as the image
DECODED_TO_8_BITS = ("AVIF", "HEIF")  # their decoders scale 10 and 12 bits themselves, by the full range


@dataclass(frozen=True)
class Levels:
    """The defaults are what models of earlier releases, whose folders do not say, were trained with."""

    depth: Depth = "refuse"  # of more than 8 bits a channel
    window: tuple[float, float] | None = None  # for `window` only: the numbers that become 0 and 255
    icc: Icc = "ignore"


def from_spec(spec: Mapping[str, Any]) -> Levels:
    """The levels that an input spec names, or the defaults."""
    named = dict(spec.get("levels") or {})
    window = named.pop("window", None)
    return Levels(**named, window=tuple(window) if window else None)


def refusal(header: Header, levels: Levels) -> str:
    """Why these levels cannot scale an image with such a header, "" when they can or need not."""
    if header.bits <= 8:
        return ""
    what = "float pixels" if header.is_float else f"{header.bits} bits a channel"
    if not header.is_scalable:
        return f"{what}, which are not read: convert it to 8 bits"
    if levels.depth == "refuse":
        return f"{what}: set preprocess.depth to full or window, or convert it to 8 bits"
    if levels.depth == "window" and header.format in DECODED_TO_8_BITS:
        return f"{what} in {header.format}, which only preprocess.depth: full can scale: convert it to PNG"
    return ""


def scaled(values: np.ndarray, header: Header, levels: Levels) -> np.ndarray:
    """uint8 of the same shape for uint16 or float32 (h, w) or (h, w, c); rounded, and clipped to the window.

    The last of two or four channels is opacity, which always has its full range. Raises BadImage for numbers that the
    full range does not contain, and for NaN and infinity.
    """
    white = 1.0 if header.is_float else header.white
    if header.is_float and not np.isfinite(values).all():
        raise BadImage("pixels that are NaN or infinite")
    low, high = levels.window or (0.0, white)
    if levels.window is None and (values.min() < low or values.max() > high):
        span = f"{values.min():g} to {values.max():g}"
        raise BadImage(f"pixels of {span}, outside {low:g} to {high:g}: set preprocess.depth to window")
    if values.ndim == 3 and values.shape[2] in (2, 4):
        return np.concatenate([_stretched(values[..., :-1], low, high), _stretched(values[..., -1:], 0, white)], -1)
    return _stretched(values, low, high)


def _stretched(values: np.ndarray, low: float, high: float) -> np.ndarray:
    made = np.empty(values.shape, np.uint8)
    for start in range(0, len(values), ROWS):
        part = values[start : start + ROWS].astype(np.float64)
        made[start : start + ROWS] = np.rint(np.clip((part - low) / (high - low), 0, 1) * WHITE)
    return made
