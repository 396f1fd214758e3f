"""The small copies of images that have one size, stacked, so that NumPy measures many of them in one call."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

Small = np.ndarray  # uint8 (h, w, 3), see `decode.inspect`


class SmallCopies(NamedTuple):
    channels: np.ndarray  # uint8 (3, n, h, w): red, green, blue
    grey: np.ndarray  # uint8 (n, h, w)


def by_size(images: Sequence[Small | None]) -> Iterator[tuple[list[int], SmallCopies]]:
    """The positions of the images of one size, and their stack, for every size. None is in no stack."""
    groups = defaultdict(list)
    for number, image in enumerate(images):
        if image is not None:
            groups[image.shape].append((number, image))
    for group in groups.values():
        yield [number for number, _ in group], stack([image for _, image in group])


def stack(images: Sequence[Small]) -> SmallCopies:
    """Stack images of one size. Pillow takes them apart, as one tall image: NumPy takes ten times as long."""
    height, width = images[0].shape[:2]
    tall = Image.fromarray(np.concatenate(images))
    grey, *channels = (np.asarray(band).reshape(-1, height, width) for band in (tall.convert("L"), *tall.split()))
    return SmallCopies(np.stack(channels), grey)
