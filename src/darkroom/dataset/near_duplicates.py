"""Near duplicates: the same image saved again, smaller, or a little brighter, under another name.

Two steps. Difference hashes at most 4 bits apart make candidates: with five groups of bits, two such hashes agree in
one group at least, so only images that do are compared, and of those the neighbours in brightness. Then the
pixels decide, because flat images have equal hashes without being equal: the grey images of 32 x 32 differ by
less than 6 of 255 levels on average, and in the root mean square by less than 0.15 of their contrast. Without the
second rule 700 ones of MNIST are one cluster; with it, images saved as JPEG of quality 70 are still found, all of
300 on cats and dogs and on CIFAR-10, and halves and doubles of photographs in 94 and 97 of 100 cases.

The price: mirrored, turned and cropped copies are strangers, and so are those much brighter; images below 16 pixels
a side are not judged, as their hash is about all there is of them; among more than 64 images of one hash group and
one brightness, some pairs are not compared.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from darkroom.dataset import file_cache, scan
from darkroom.dataset.file_cache import Store
from darkroom.decoding import bounds
from darkroom.params import Validate

BITS_APART = 4
GROUPS = BITS_APART + 1  # of bits: one of them is untouched by four differences
REACH = 64  # neighbours in one group that an image is compared with
LEVELS = 6.0  # mean absolute difference of grey levels, of 255
SHARE = 0.15  # root mean square difference, of the contrast
SMALLEST = 16  # pixels a side
AT_A_TIME = 4096  # pairs compared at once


class Pair(NamedTuple):
    """Two rows by number, first < second, and their mean difference in grey levels."""

    first: int
    second: int
    difference: float


def find(rows: Sequence[dict], images: Path, config: Validate, kept: Store) -> list[Pair]:
    """Pairs of good images that are nearly but not exactly equal, by number, sorted.

    `kept` has what `scan.record` found; images that it lacks are decoded again.
    """
    fit = [number for number in _used(rows) if min(rows[number]["width"], rows[number]["height"]) >= SMALLEST]
    hashes = np.array([int(rows[number]["hash"], 16) for number in fit], np.uint64)
    pairs = candidates(hashes, np.array([rows[number]["brightness"] for number in fit]))
    kinds = np.unique([rows[number]["pixels"] for number in fit], return_inverse=True)[1]
    pairs = pairs[kinds[pairs[:, 0]] != kinds[pairs[:, 1]]]
    seen, places = np.unique(pairs, return_inverse=True)
    chosen = [rows[fit[place]] for place in seen]
    names, digests = [row["path"] for row in chosen], [row["sha256"] for row in chosen]
    thumbs = np.empty((len(chosen), *scan.BLACK.shape), np.uint8)
    look = partial(scan.record, images=images, max_pixels=config.max_pixels)
    limits = bounds.of(config.max_pixels, config.max_seconds)
    lost = partial(scan.lost, images=images, limits=limits)
    every = file_cache.each(kept, digests, names, look, title="comparing images", lost=lost, limits=limits)
    for place, found in enumerate(every):
        thumbs[place] = scan.thumb(found)
    alike, apart = _confirmed(places.reshape(-1, 2), thumbs)
    return [
        Pair(fit[one], fit[other], round(float(difference), 2))
        for (one, other), difference in zip(pairs[alike], apart, strict=True)
    ]


def candidates(hashes: np.ndarray, brightness: np.ndarray) -> np.ndarray:
    """Pairs of positions, int64 (m, 2), whose 64-bit hashes are at most 4 bits apart and whose light is alike."""
    bits = np.unpackbits(hashes.view(np.uint8).reshape(-1, 8), axis=1)
    found = [np.empty(0, np.int64)]  # both numbers of a pair in one: half the memory
    for group in range(GROUPS):
        chosen = bits[:, group::GROUPS]
        key = chosen @ (1 << np.arange(chosen.shape[1]))
        order = np.lexsort((brightness, key))
        for step in range(1, min(REACH, len(order) - 1) + 1):
            one, other = order[:-step], order[step:]
            alike = (key[one] == key[other]) & (brightness[other] - brightness[one] <= LEVELS)
            if not alike.any():
                break
            one, other = one[alike], other[alike]
            close = np.bitwise_count(hashes[one] ^ hashes[other]) <= BITS_APART
            one, other = one[close], other[close]
            found.append(np.minimum(one, other) * len(hashes) + np.maximum(one, other))
    return np.stack(divmod(np.unique(np.concatenate(found)), max(1, len(hashes))), axis=1)


def _confirmed(pairs: np.ndarray, thumbs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which `pairs`, int64 (m, 2), of uint8 `thumbs` (n, 32, 32) agree in their pixels, and their mean differences."""
    contrast = np.array([max(1.0, thumb.std()) for thumb in thumbs])  # all at once would be floats of all pixels
    alike, apart = [np.empty(0, np.int64)], [np.empty(0)]
    for start in range(0, len(pairs), AT_A_TIME):
        one, other = pairs[start : start + AT_A_TIME].T
        difference = thumbs[one].astype(np.int16) - thumbs[other]
        mean = np.abs(difference).mean((1, 2))
        near = np.flatnonzero(mean < LEVELS)
        spread = np.sqrt((difference[near] ** 2.0).mean((1, 2)))
        near = near[spread <= SHARE * np.minimum(contrast[one[near]], contrast[other[near]])]
        alike.append(start + near)
        apart.append(mean[near])
    return np.concatenate(alike), np.concatenate(apart)


def clusters(rows: Sequence[dict], pairs: Sequence[Pair]) -> list[str]:
    """For each row what it shares with all that must not be divided from it: the least `pixels` among them.

    Equal images, near duplicates and images of one given `group` belong together, and so do their friends.
    A bad or a dropped image belongs to nobody.
    """
    parents = list(range(len(rows)))

    def top(number: int) -> int:
        while parents[number] != number:
            parents[number] = number = parents[parents[number]]
        return number

    first: dict[tuple[str, str], int] = {}
    good = _used(rows)
    for number in good:
        for key in ("pixels", "group"):
            if rows[number][key]:
                parents[top(number)] = top(first.setdefault((key, rows[number][key]), number))
    for pair in pairs:
        parents[top(pair.first)] = top(pair.second)
    least: dict[int, str] = {}
    for number in good:
        least[top(number)] = min(rows[number]["pixels"], least.get(top(number), "g"))  # "g" follows every hex digit
    return [least.get(top(number), "") for number in range(len(rows))]


def _used(rows: Sequence[dict]) -> list[int]:
    """The numbers of the rows that are neither bad nor dropped."""
    return [number for number, row in enumerate(rows) if not row["bad"] and not row["dropped"]]
