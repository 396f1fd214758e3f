"""Measure images: light, colour and sharpness.

All of it is taken from the small RGB of `decode.inspect`, so it says what a network at the same size could see.
"""

from typing import TypedDict, cast

import numpy as np
from PIL import Image

from darkroom.dataset.small_copies import SmallCopies

LEVELS = 256  # grey levels of a channel


class ImageStats(TypedDict):
    brightness: float  # mean of the grey levels, 0 to 255
    contrast: float  # their standard deviation
    colour: float  # mean difference of the strongest and the weakest channel, 0 for grey
    sharpness: float  # variance of the Laplacian: low is blurred
    border_red: float  # mean of the channel over the outermost pixels
    border_green: float
    border_blue: float
    border_spread: float  # standard deviation of the grey levels there: low is one colour


BORDER = ("border_red", "border_green", "border_blue", "border_spread")


def compute(copies: SmallCopies) -> list[ImageStats]:
    """Measure each of the small copies; numbers are rounded to two decimals.

    Sums of whole numbers are exact, so an image has the same numbers whatever else is in the stack.
    """
    channels, grey = copies
    brightness, variance = _moments(grey)
    columns = {
        "brightness": brightness,
        "contrast": np.sqrt(variance),
        "colour": _colour(channels),
        "sharpness": _moments(_laplacian(grey.astype(np.int16)))[1] if min(grey.shape[1:]) > 2 else 0 * variance,
        **dict(zip(BORDER, _border(channels), strict=True)),
    }
    numbers = np.stack(list(columns.values()), axis=1).round(2).tolist()
    return [cast(ImageStats, dict(zip(columns, own, strict=True))) for own in numbers]


def _moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the whole numbers of each image (n, ...): float64 (n,)."""
    flat = values.reshape(len(values), -1).astype(np.float64)
    mean = flat.sum(1) / flat.shape[1]
    return mean, np.maximum(0, np.einsum("ij,ij->i", flat, flat) / flat.shape[1] - mean * mean)


def histogram(images: np.ndarray) -> np.ndarray:
    """How often each level occurs in each channel of uint8 (n, h, w, c), c 1 or 3: int64 (c, 256).

    Pillow counts twice as fast as `bincount`, which makes eight bytes of each.
    """
    n, height, width, channels = images.shape
    tall = images.reshape(n * height, width, channels)
    image = Image.fromarray(tall if channels == 3 else tall[..., 0])
    return np.array(image.histogram(), np.int64).reshape(channels, LEVELS)


def _colour(channels: np.ndarray) -> np.ndarray:
    red, green, blue = channels
    spread = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    return spread.sum((1, 2), np.int64) / spread[0].size


def _border(channels: np.ndarray) -> tuple[np.ndarray, ...]:
    """As BORDER, of uint8 (3, n, h, w)."""
    sides = channels[:, :, 0], channels[:, :, -1], channels[:, :, 1:-1, 0], channels[:, :, 1:-1, -1]
    edge = np.concatenate(sides, axis=2).astype(np.int16)
    variance = _moments(edge.sum(0))[1]  # of three times the grey level
    return *edge.sum(2) / edge.shape[2], np.sqrt(variance) / 3


def _laplacian(grey: np.ndarray) -> np.ndarray:
    """Of int16 (n, h, w)."""
    sides = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
    return sides - 4 * grey[:, 1:-1, 1:-1]
