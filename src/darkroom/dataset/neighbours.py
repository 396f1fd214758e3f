"""The nearest neighbours of every image, upright or mirrored, by the correlation of their low frequencies.

All images are compared with all, in blocks, so memory is bounded and nothing is missed. A dot product is that of the
even columns plus that of the odd ones, and of a mirrored image that of the even ones minus that of the odd ones: so
looking for mirrored images costs nothing. The price: four times the time for twice the images, 48 s of processor time
for 60,000 images and 4 hours for a million.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

BLOCK = 2048  # images compared with as many at once: 16 MB of dot products


class Neighbours(NamedTuple):
    """Pairs of an image and one of its neighbours, sorted by image, the nearest first; all are (m,)."""

    image: np.ndarray  # int64
    neighbour: np.ndarray  # int64
    correlation: np.ndarray  # float32, of the image and the neighbour, or the mirrored neighbour where that is higher


def nearest(vectors: np.ndarray, odd: np.ndarray, count: int, floor: float) -> Neighbours:
    """The `count` nearest neighbours of each image, as far as their correlation is above `floor`.

    `vectors` are float32 (n, d) of length 1 or 0; `odd`, bool (d,), says which numbers change sign in a mirrored image.
    """
    starts = range(0, len(vectors), BLOCK)
    best = {start: _none() for start in starts}
    for start, other, correlations in _blocks(vectors[:, ~odd], vectors[:, odd]):
        best[start] = _improved(best[start], correlations, other, count, floor)
        if other != start:
            best[other] = _improved(best[other], correlations.T, start, count, floor)
    found = [best[start]._replace(image=best[start].image + start) for start in starts]
    return Neighbours(*(np.concatenate(parts) for parts in zip(_none(), *found, strict=True)))


def _blocks(even: np.ndarray, odd: np.ndarray) -> Iterator[tuple[int, int, np.ndarray]]:
    """Where two blocks of images begin, and their correlations: 0 of an image with itself. Each two come once."""
    for start in range(0, len(even), BLOCK):
        for other in range(start, len(even), BLOCK):
            rows, columns = slice(start, start + BLOCK), slice(other, other + BLOCK)
            correlations = odd[rows] @ odd[columns].T
            np.abs(correlations, out=correlations)
            correlations += even[rows] @ even[columns].T
            if other == start:
                np.fill_diagonal(correlations, 0)
            yield start, other, correlations


def _improved(best: Neighbours, correlations: np.ndarray, other: int, count: int, floor: float) -> Neighbours:
    """The `count` nearest of the rows, from the `best` so far and from the block of images that begins at `other`."""
    least = np.full(len(correlations), floor, np.float32)  # that a further neighbour has to exceed
    if len(best.image):
        last = ranks(best.image) == count - 1
        least[best.image[last]] = best.correlation[last]
    elif correlations.shape[1] > count:  # the first block: nearly all that is found would be forgotten again
        next_one = -np.partition(-correlations, count, axis=1)[:, count]
        least = np.maximum(least, np.nextafter(next_one, np.float32(-1)))  # so that equally near ones are found
    image, neighbour = np.nonzero(correlations > least[:, None])
    more = Neighbours(image, neighbour + other, correlations[image, neighbour])
    return _first(Neighbours(*map(np.concatenate, zip(best, more, strict=True))), count)


def _first(pairs: Neighbours, count: int) -> Neighbours:
    """The first `count` pairs of each image; of equally near neighbours, those with the lower numbers."""
    order = np.lexsort((pairs.neighbour, -pairs.correlation, pairs.image))
    kept = order[ranks(pairs.image[order]) < count]
    return Neighbours(*(part[kept] for part in pairs))


def ranks(image: np.ndarray) -> np.ndarray:
    """The place of each pair among those of its image; `image` is sorted."""
    return np.arange(len(image)) - np.searchsorted(image, image)


def _none() -> Neighbours:
    return Neighbours(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
