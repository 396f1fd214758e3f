"""Near duplicates: the same image saved again, smaller, or a little brighter, under another name.

Two steps. Difference hashes at most 4 bits apart make candidates: with five groups of bits, two such hashes agree in
one group at least, so only images that do are compared, and of those the neighbours in brightness. Then the
pixels decide, because flat images have equal hashes without being equal: the grey thumbnails of 32 x 32 differ by
less than 6 of 255 levels on average, and in the root mean square by less than 0.15 of their contrast. Without the
second rule 700 images of the digit 1 in MNIST are one cluster; with it, images saved as JPEG of quality 70 are still
found, all of 300 on cats and dogs and on CIFAR-10, and halves and doubles of photographs in 94 and 97 of 100 cases.

The price: mirrored, rotated and cropped copies are not found, nor are much brighter ones; images of less than 16
pixels in width or height are not judged, as their hash is nearly all the information in them; among more than 64
images of one hash group and one brightness, some pairs are not compared.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from darkroom import manifest
from darkroom.dataset import file_cache, scan
from darkroom.dataset.file_cache import FileCache
from darkroom.decoding import bounds
from darkroom.manifest import ManifestRow
from darkroom.params import Validate

BITS_APART = 4
GROUPS = BITS_APART + 1  # of bits: one of them is untouched by four differences
NEIGHBOURS = 64  # in one group that an image is compared with
MAX_DIFFERENCE = 6.0  # mean absolute difference of grey levels, of 255
MAX_RELATIVE_RMS = 0.15  # root mean square difference, as a fraction of the contrast
SMALLEST = 16  # pixels of width and height
CHUNK = 4096  # pairs compared at once


class Pair(NamedTuple):
    """Two rows by number, first < second, and their mean difference in grey levels."""

    first: int
    second: int
    difference: float


def find(rows: Sequence[ManifestRow], images: Path, config: Validate, cache: FileCache) -> list[Pair]:
    """Find pairs of used images that are nearly but not exactly equal, by number, sorted.

    `cache` holds the records of `scan.scan_image`; images that it lacks are decoded again.
    """
    numbers = [n for n in _used(rows) if min(rows[n]["width"], rows[n]["height"]) >= SMALLEST]
    hashes = np.array([int(rows[n]["hash"], 16) for n in numbers], np.uint64)
    pairs = candidates(hashes, np.array([rows[n]["brightness"] for n in numbers]))
    identities = np.unique([rows[n]["pixels"] for n in numbers], return_inverse=True)[1]
    pairs = pairs[identities[pairs[:, 0]] != identities[pairs[:, 1]]]
    chosen, positions = np.unique(pairs, return_inverse=True)
    thumbnails = _thumbnails([rows[numbers[position]] for position in chosen], images, config, cache)
    confirmed, differences = _confirmed(positions.reshape(-1, 2), thumbnails)
    return [
        Pair(numbers[one], numbers[other], round(float(difference), 2))
        for (one, other), difference in zip(pairs[confirmed], differences, strict=True)
    ]


def _thumbnails(rows: Sequence[ManifestRow], images: Path, config: Validate, cache: FileCache) -> np.ndarray:
    """Grey uint8 (n, 32, 32)."""
    thumbnails = np.empty((len(rows), *scan.BLACK.shape), np.uint8)
    make = partial(scan.scan_image, images=images, max_pixels=config.max_pixels)
    limits = bounds.worker_limits(config.max_pixels, config.max_seconds)
    lost = partial(scan.lost_image, images=images, limits=limits)
    items = [(row["sha256"], row["path"]) for row in rows]
    records = file_cache.get_or_make(cache, items, make, title="comparing images", lost=lost, limits=limits)
    for position, record in enumerate(records):
        thumbnails[position] = scan.thumbnail(record)
    return thumbnails


def candidates(hashes: np.ndarray, brightness: np.ndarray) -> np.ndarray:
    """Pairs of positions, int64 (m, 2), whose 64-bit hashes are at most 4 bits apart and whose brightness is alike."""
    bits = np.unpackbits(hashes.view(np.uint8).reshape(-1, 8), axis=1)
    pairs = [np.empty(0, np.int64)]  # both numbers of a pair in one: half the memory
    for group in range(GROUPS):
        chosen = bits[:, group::GROUPS]
        key = chosen @ (1 << np.arange(chosen.shape[1]))
        order = np.lexsort((brightness, key))
        for step in range(1, min(NEIGHBOURS, len(order) - 1) + 1):
            one, other = order[:-step], order[step:]
            alike = (key[one] == key[other]) & (brightness[other] - brightness[one] <= MAX_DIFFERENCE)
            if not alike.any():
                break
            one, other = one[alike], other[alike]
            close = np.bitwise_count(hashes[one] ^ hashes[other]) <= BITS_APART
            one, other = one[close], other[close]
            pairs.append(np.minimum(one, other) * len(hashes) + np.maximum(one, other))
    return np.stack(divmod(np.unique(np.concatenate(pairs)), max(1, len(hashes))), axis=1)


def _confirmed(pairs: np.ndarray, thumbnails: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which `pairs`, int64 (m, 2), of uint8 `thumbnails` (n, 32, 32) agree in their pixels, and how much they differ.

    Both are (k,): int64 positions in `pairs`, and mean differences in grey levels.
    """
    contrast = np.array([max(1.0, image.std()) for image in thumbnails])  # all at once would be floats of all pixels
    confirmed, differences = [np.empty(0, np.int64)], [np.empty(0)]
    for start in range(0, len(pairs), CHUNK):
        one, other = pairs[start : start + CHUNK].T
        difference = thumbnails[one].astype(np.int16) - thumbnails[other]
        mean = np.abs(difference).mean((1, 2))
        close = np.flatnonzero(mean < MAX_DIFFERENCE)
        rms = np.sqrt((difference[close] ** 2.0).mean((1, 2)))
        close = close[rms <= MAX_RELATIVE_RMS * np.minimum(contrast[one[close]], contrast[other[close]])]
        confirmed.append(start + close)
        differences.append(mean[close])
    return np.concatenate(confirmed), np.concatenate(differences)


def clusters(rows: Sequence[ManifestRow], pairs: Sequence[Pair]) -> list[str]:
    """The cluster of each row, named by the least `pixels` in it; "" for an image that is not used.

    Equal images, near duplicates and images of one given `group` belong together, directly or through others. A
    cluster must not be divided between splits.
    """
    parents = list(range(len(rows)))

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = number = parents[parents[number]]
        return number

    first: dict[tuple[str, str], int] = {}
    numbers = _used(rows)
    for number in numbers:
        for key in (("pixels", rows[number]["pixels"]), ("group", rows[number]["group"])):
            if key[1]:
                parents[root(number)] = root(first.setdefault(key, number))
    for pair in pairs:
        parents[root(pair.first)] = root(pair.second)
    least: dict[int, str] = {}
    for number in numbers:
        least[root(number)] = min(rows[number]["pixels"], least.get(root(number), "g"))  # "g" follows every hex digit
    return [least.get(root(number), "") for number in range(len(rows))]


def _used(rows: Sequence[ManifestRow]) -> list[int]:
    """The numbers of the rows that are neither bad nor dropped."""
    return [number for number, row in enumerate(rows) if manifest.is_used(row)]
