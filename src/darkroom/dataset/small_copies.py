"""The small copies of images that have one size, stacked, so that NumPy measures many of them in one call."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

Small = Image.Image  # RGB, see `decode.inspect`

SQUARE = 32  # pixels; colour is measured on a square of this size


class SmallCopies(NamedTuple):
    rgb: np.ndarray  # uint8 (n, h, w, 3)
    grey: np.ndarray  # uint8 (n, h, w)
    squares: np.ndarray  # uint8 (n, 32, 32, 3), shrunk or enlarged from `rgb`


def by_size(images: Sequence[Small | None]) -> Iterator[tuple[list[int], SmallCopies]]:
    """The positions of the images of one size, and their stack, for every size. None is in no stack."""
    groups = defaultdict(list)
    for number, image in enumerate(images):
        if image is not None:
            groups[image.size].append((number, image))
    for group in groups.values():
        yield [number for number, _ in group], stack([image for _, image in group])


def stack(images: Sequence[Small]) -> SmallCopies:
    """Stack RGB images of one size."""
    squares = [image.resize((SQUARE, SQUARE), Image.Resampling.BOX) for image in images]
    return SmallCopies(_pixels(images), _pixels([image.convert("L") for image in images])[..., 0], _pixels(squares))


def _pixels(images: Sequence[Small]) -> np.ndarray:
    """uint8 (n, h, w, c): one copy of all bytes costs less than an array of each image."""
    joined = b"".join(image.tobytes() for image in images)
    return np.frombuffer(joined, np.uint8).reshape(len(images), images[0].height, images[0].width, -1)
