"""Near duplicates: the same image saved again, smaller, brighter, mirrored, cropped or turned a little.

Each image is compared with its nearest neighbours, upright and mirrored, in the lowest frequencies (`neighbours`), and
those that may be copies again in finer ones, as they are and once one is moved onto the other (`alignment`). How much
two copies may differ follows from the data set, as two photographs are never half alike and thousands of handwritten
digits are: by less than 0.3 of the distance from either to its eighth neighbour, which is no copy as a rule, and by
less than 0.24 in any case. Where that takes moving, it has to achieve more than it does for others: the difference is
below a quarter of that to the third most alike of the other neighbours once they are moved as well. So more images
only ever make pairs fewer. An image that was shrunk is compared in the frequencies that shrinking leaves alone.

docs/data.md has what is found, as measured by `benchmarks.statistics.duplicates`. The price: where an image has eight
copies or more, or three moved ones, only those that differ by less than 0.03 are found, though often through each
other; images of less than 16 pixels in width or height are compared with larger ones only, and those of less than 12,
or whose grey levels deviate by less than 1, with none; colour is not looked at, so the same drawing in two colours is
a pair.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from darkroom import manifest
from darkroom.dataset import alignment, neighbours, spectrum
from darkroom.dataset.neighbours import Neighbours
from darkroom.manifest import ManifestRow

NEIGHBOURS = 8  # of each image
BAND = 8  # frequencies in which they are looked for
FARTHEST = 0.8  # relative difference of a neighbour
LIKELY = 0.75  # of the distance to the eighth neighbour, and the pair is compared closely
SURE = 0.3  # of that distance, and it may be a near duplicate
MOVED, RIVAL = 0.25, 3  # of the difference to the third of the moved others, and a moved image is one
ALWAYS = 0.03  # relative difference of what is a near duplicate however near the eighth neighbour is
SMALLEST, SMALLER = 12, 16  # pixels of width and height; of two images, one has the latter
SHRUNK_BAND = 0.6  # frequencies per pixel of the smaller image: shrinking weakens those above


class Pair(NamedTuple):
    """Two rows by number, first < second."""

    first: int
    second: int
    difference: float  # root mean square, once aligned, as a fraction of the contrast
    mirrored: bool


def find(rows: Sequence[ManifestRow], spectra: np.ndarray) -> list[Pair]:
    """Find pairs of used images that are nearly but not exactly equal, sorted; of equal images the first is compared.

    `spectra` are those of the rows, float16 (n, 16, 16), see `dataset.spectrum`.
    """
    numbers = _judged(rows)
    sizes = np.array([min(rows[number]["width"], rows[number]["height"]) for number in numbers])
    images = _Images(spectra[numbers], sizes, spectrum.unit_vectors(spectra[numbers], BAND))
    nearest = neighbours.nearest(images.vectors, spectrum.odd_columns(BAND), NEIGHBOURS, 1 - FARTHEST**2 / 2)
    copies = _copies(images, nearest, _likely(nearest, sizes))
    flipped = images.are_mirrored(copies.first, copies.second)
    return [
        Pair(numbers[first], numbers[second], round(float(difference), 3), bool(mirrored))
        for first, second, difference, mirrored in zip(*copies, flipped, strict=True)
    ]


def _judged(rows: Sequence[ManifestRow]) -> list[int]:
    """The numbers of the used rows that are large enough, without those that are equal to an earlier one."""
    first: dict[str, int] = {}
    for number, row in enumerate(rows):
        if manifest.is_used(row) and min(row["width"], row["height"]) >= SMALLEST:
            first.setdefault(row["pixels"], number)
    return list(first.values())


@dataclass(frozen=True, eq=False)
class _Images:
    """What is compared. The methods take pairs as two arrays of positions, int64 (m,)."""

    spectra: np.ndarray  # float16 (n, 16, 16)
    sizes: np.ndarray  # int64 (n,), pixels of the smaller of width and height
    vectors: np.ndarray  # float32 (n, d), of the lowest frequencies

    def are_mirrored(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Whether the second image is more like the first one when it is mirrored, bool (m,)."""
        odd = spectrum.odd_columns(BAND)
        return (self.vectors[first][:, odd] * self.vectors[second][:, odd]).sum(1) < 0

    def differences(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """The relative difference of the images as they are, or mirrored: float (m,)."""
        return alignment.relative_difference(spectrum.correlations(*self._alike(first, second)))

    def moved_differences(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """The same once one image is moved onto the other."""
        return alignment.differences(*self._alike(first, second))

    def _alike(self, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The spectra, the second ones mirrored where that makes them more alike, and the bands to compare them in."""
        other, mirrored = self.spectra[second], self.are_mirrored(first, second)
        other[mirrored] = spectrum.mirrored(other[mirrored])
        return self.spectra[first], other, _bands(self.sizes[first], self.sizes[second])


def _bands(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The frequencies in which pairs of images of these sizes, in pixels, are compared: int64 (m,)."""
    smaller = np.minimum(one, other)
    band = np.where(one == other, smaller, np.round(SHRUNK_BAND * smaller))
    return np.minimum(spectrum.FREQUENCIES, band).astype(np.int64)


class _Likely(NamedTuple):
    """Pairs that may be copies, each once and sorted; all are (m,)."""

    first: np.ndarray  # int64
    second: np.ndarray
    scale: np.ndarray  # the lesser of the distances of the two to their eighth neighbour


def _likely(nearest: Neighbours, sizes: np.ndarray) -> _Likely:
    distances = alignment.relative_difference(nearest.correlation)
    scales = np.full(len(sizes), FARTHEST)
    is_last = neighbours.ranks(nearest.image) == NEIGHBOURS - 1
    scales[nearest.image[is_last]] = distances[is_last]
    scale = np.minimum(scales[nearest.image], scales[nearest.neighbour])
    close = distances <= np.maximum(ALWAYS, LIKELY * scale)
    close &= np.maximum(sizes[nearest.image], sizes[nearest.neighbour]) >= SMALLER
    ends = np.sort(np.stack([nearest.image[close], nearest.neighbour[close]]), axis=0)
    _, once = np.unique(ends[0] * len(sizes) + ends[1], return_index=True)
    return _Likely(ends[0][once], ends[1][once], scale[close][once])


class _Copies(NamedTuple):
    """Near duplicates, sorted; all are (m,)."""

    first: np.ndarray  # int64
    second: np.ndarray
    difference: np.ndarray


def _copies(images: _Images, nearest: Neighbours, likely: _Likely) -> _Copies:
    most = np.maximum(ALWAYS, SURE * likely.scale)
    plain = images.differences(likely.first, likely.second)
    moved = images.moved_differences(likely.first, likely.second)
    is_copy = plain <= most
    doubtful = np.flatnonzero(~is_copy & (moved <= most))
    rivals = _rivals(images, nearest, likely.first[doubtful], likely.second[doubtful])
    is_copy[doubtful] = moved[doubtful] <= MOVED * rivals
    return _Copies(likely.first[is_copy], likely.second[is_copy], np.minimum(plain, moved)[is_copy])


def _rivals(images: _Images, nearest: Neighbours, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The third least difference, once moved, of either image of each pair to its other neighbours: float (m,)."""
    ends, others = np.concatenate([first, second]), np.concatenate([second, first])
    begins = np.searchsorted(nearest.image, ends)
    counts = np.searchsorted(nearest.image, ends, side="right") - begins
    end = np.repeat(np.arange(len(ends)), counts)
    neighbour = nearest.neighbour[begins[end] + np.arange(len(end)) - np.repeat(np.cumsum(counts) - counts, counts)]
    end, neighbour = end[neighbour != others[end]], neighbour[neighbour != others[end]]
    differences = images.moved_differences(ends[end], neighbour)
    order = np.lexsort((differences, end))
    third = order[neighbours.ranks(end[order]) == RIVAL - 1]
    rivals = np.full(len(ends), np.inf)
    rivals[end[third]] = differences[third]
    return rivals.reshape(2, -1).min(0)
