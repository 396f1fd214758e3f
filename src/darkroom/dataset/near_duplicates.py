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

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from darkroom.dataset import alignment, neighbours, spectrum
from darkroom.dataset.cells import Halves
from darkroom.dataset.neighbours import Neighbours
from darkroom.manifest import ManifestRow
from darkroom.table.rows import Rows

NEIGHBOURS = 8  # of each image
BAND = 8  # frequencies in which they are looked for
FARTHEST = 0.8  # relative difference of a neighbour
LIKELY = 0.75  # of the distance to the eighth neighbour, and the pair is compared closely
SURE = 0.3  # of that distance, and it may be a near duplicate
MOVED, RIVAL = 0.25, 3  # of the difference to the third of the moved others, and a moved image is one
ALWAYS = 0.03  # relative difference of what is a near duplicate however near the eighth neighbour is
SMALLEST, SMALLER = 12, 16  # pixels of width and height; of two images, one has the latter
CHUNK = 512  # pairs whose spectra are held at once, by each processor
IMAGES = 1 << 16  # whose neighbours are looked through at once
SHRUNK_BAND = 0.6  # frequencies per pixel of the smaller image: shrinking weakens those above


class Pair(NamedTuple):
    """Two rows by number, first < second."""

    first: int
    second: int
    difference: float  # root mean square, once aligned, as a fraction of the contrast
    mirrored: bool


def find(rows: Iterable[ManifestRow], spectra: np.ndarray) -> list[Pair]:
    """Find pairs of used images that are nearly but not exactly equal, sorted; of equal images the first is compared.

    `spectra` are those of the rows, float16 (n, 16, 16), see `dataset.spectrum`; they may lie in a file.
    """
    table = Rows.gather(rows)
    sides = np.fromiter(map(min, table.column("width"), table.column("height")), np.int64, len(table))
    numbers = _judged(table, sides)
    images = _Images(spectra, numbers, sides[numbers])
    nearest = neighbours.nearest(len(numbers), images.halves, NEIGHBOURS, 1 - FARTHEST**2 / 2)
    copies = _copies(images, nearest, _likely(nearest, images.sizes))
    flipped = images.are_mirrored(copies.first, copies.second)
    return [
        Pair(int(numbers[first]), int(numbers[second]), round(float(difference), 3), bool(mirrored))
        for first, second, difference, mirrored in zip(*copies, flipped, strict=True)
    ]


def _judged(table: Rows[ManifestRow], sides: np.ndarray) -> np.ndarray:
    """The used rows that are large enough, without those that are equal to an earlier one, by number: int64 (m,)."""
    reasons = zip(table.column("bad"), table.column("dropped"), strict=True)
    judged = np.fromiter((not (bad or dropped) for bad, dropped in reasons), bool, len(table)) & (sides >= SMALLEST)
    for group in table.repeated("pixels"):
        judged[[number for number in group if judged[number]][1:]] = False
    return np.flatnonzero(judged)


@dataclass(frozen=True, eq=False)
class _Images:
    """What is compared. The methods take pairs as two arrays of positions, int64 (m,)."""

    spectra: np.ndarray  # float16 (n, 16, 16), of all rows
    rows: np.ndarray  # int64 (m,), the row of each image
    sizes: np.ndarray  # int64 (m,), pixels of the smaller of width and height

    def halves(self, positions: np.ndarray) -> Halves:
        """The vectors of the lowest frequencies."""
        vectors, odd = self._vectors(positions), spectrum.odd_columns(BAND)
        return Halves(vectors[:, ~odd], vectors[:, odd])

    def are_mirrored(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Whether the second image is more like the first one when it is mirrored, bool (m,)."""
        return _in_chunks(self._are_mirrored, first, second).astype(bool)

    def differences(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """The relative difference of the images as they are, or mirrored: float (m,)."""
        return _in_chunks(self._differences, first, second)

    def moved_differences(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """The same once one image is moved onto the other."""
        return _in_chunks(lambda one, other: alignment.differences(*self._alike(one, other)), first, second)

    def _vectors(self, positions: np.ndarray) -> np.ndarray:
        return spectrum.unit_vectors(self.spectra[self.rows[positions]], BAND)

    def _are_mirrored(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        odd = spectrum.odd_columns(BAND)
        return (self._vectors(first)[:, odd] * self._vectors(second)[:, odd]).sum(1) < 0

    def _differences(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return alignment.relative_difference(spectrum.correlations(*self._alike(first, second)))

    def _alike(self, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The spectra, the second ones mirrored where that makes them more alike, and the bands to compare them in."""
        other, mirrored = self.spectra[self.rows[second]], self._are_mirrored(first, second)
        other[mirrored] = spectrum.mirrored(other[mirrored])
        return self.spectra[self.rows[first]], other, _bands(self.sizes[first], self.sizes[second])


def _in_chunks(function: Callable, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """What `function` says of the pairs, float (m,), a bounded number of them at a time on each processor."""
    results = np.empty(len(first))

    def compute(part: np.ndarray) -> None:
        results[part] = function(first[part], second[part])

    neighbours.in_threads(compute, [np.arange(len(first))[k : k + CHUNK] for k in range(0, len(first), CHUNK)])
    return results


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
    has_all = nearest.neighbour[:, -1] != neighbours.NOBODY
    scales = np.where(has_all, alignment.relative_difference(nearest.correlation[:, -1]), FARTHEST)
    starts = range(0, max(1, len(sizes)), IMAGES)
    found = [_close(nearest, scales, sizes, np.arange(len(sizes))[start : start + IMAGES]) for start in starts]
    first, second, scale = (np.concatenate(parts) for parts in zip(*found, strict=True))
    _, once = np.unique(first * len(sizes) + second, return_index=True)
    return _Likely(first[once], second[once], scale[once])


def _close(nearest: Neighbours, scales: np.ndarray, sizes: np.ndarray, images: np.ndarray) -> _Likely:
    """The pairs of `images` and their neighbours; one that is of two of them comes twice."""
    neighbour, distances = nearest.neighbour[images], alignment.relative_difference(nearest.correlation[images])
    scale = np.minimum(scales[images, None], scales[neighbour])
    close = (distances <= np.maximum(ALWAYS, LIKELY * scale)) & (neighbour != neighbours.NOBODY)
    close &= np.maximum(sizes[images, None], sizes[neighbour]) >= SMALLER
    image, rank = np.nonzero(close)
    ends = np.sort(np.stack([images[image], neighbour[image, rank]]), axis=0)
    return _Likely(ends[0], ends[1], scale[close])


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
    neighbour = nearest.neighbour[ends]
    differences = np.full(neighbour.shape, np.inf)
    is_rival = (neighbour != neighbours.NOBODY) & (neighbour != others[:, None])
    end, rank = np.nonzero(is_rival)
    differences[is_rival] = images.moved_differences(ends[end], neighbour[end, rank])
    return np.sort(differences, axis=1)[:, RIVAL - 1].reshape(2, -1).min(0)
