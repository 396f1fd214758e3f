"""Measure an image: light, colour and sharpness.

All of it is taken from the small RGB of `decode.inspect`, so it says what a network at the same size could see.
"""

from typing import TypedDict

import numpy as np
from PIL import Image

COLOUR_SIZE = 32  # pixels; colour is measured on a square of this size
BOX = Image.Resampling.BOX
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


def compute(small: Image.Image) -> ImageStats:
    """Measure the small RGB image; numbers are rounded to two decimals."""
    grey = np.asarray(small.convert("L"))
    brightness, variance = _moments(grey)
    rgb = np.asarray(small.resize((COLOUR_SIZE, COLOUR_SIZE), BOX))
    red, green, blue, spread = _border(np.asarray(small))
    return ImageStats(
        brightness=_rounded(brightness),
        contrast=_rounded(variance**0.5),
        colour=_rounded(_colour(rgb)),
        sharpness=_rounded(_moments(_laplacian(grey.astype(np.int16)))[1] if min(grey.shape) > 2 else 0.0),
        border_red=_rounded(red),
        border_green=_rounded(green),
        border_blue=_rounded(blue),
        border_spread=_rounded(spread),
    )


def _rounded(number: float) -> float:
    return round(float(number), 2)


def _moments(values: np.ndarray) -> tuple[float, float]:
    """Mean and variance of whole numbers: sums of floats that are exact, a third of the time of `mean` and `var`."""
    flat = values.ravel().astype(np.float64)
    mean = float(flat.sum()) / flat.size
    return mean, max(0.0, float((flat * flat).sum()) / flat.size - mean * mean)


def histogram(images: np.ndarray) -> np.ndarray:
    """How often each level occurs in each channel of uint8 (n, h, w, c), c 1 or 3: int64 (c, 256).

    Pillow counts twice as fast as `bincount`, which makes eight bytes of each.
    """
    n, height, width, channels = images.shape
    tall = images.reshape(n * height, width, channels)
    image = Image.fromarray(tall if channels == 3 else tall[..., 0])
    return np.array(image.histogram(), np.int64).reshape(channels, LEVELS)


def _colour(rgb: np.ndarray) -> float:
    red, green, blue = rgb.transpose(2, 0, 1)
    strongest = np.maximum(np.maximum(red, green), blue)
    return float((strongest - np.minimum(np.minimum(red, green), blue)).mean())


def _border(rgb: np.ndarray) -> tuple[float, ...]:
    """As BORDER, of uint8 (h, w, 3)."""
    edge = np.concatenate([rgb[0], rgb[-1], rgb[1:-1, 0], rgb[1:-1, -1]])
    return *edge.mean(0), edge.mean(1).std()


def _laplacian(grey: np.ndarray) -> np.ndarray:
    middle = grey[1:-1, 1:-1]
    return grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * middle
