"""Clusters: images that are not independent of each other, and must not be divided between splits.

Equal images, near duplicates and images of one given `group` belong together, directly or through others. Nearly all
images belong to nobody, and memory is needed for the others only.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np

from darkroom import manifest
from darkroom.dataset.near_duplicates import Pair
from darkroom.manifest import ManifestRow
from darkroom.table.rows import Rows


class Sets:
    """Disjoint sets of the numbers below n, which can be united."""

    def __init__(self, n: int):
        self._parents = list(range(n))

    def root(self, number: int) -> int:
        """The number that stands for the whole set of `number`."""
        parents = self._parents
        while parents[number] != number:
            parents[number] = number = parents[parents[number]]
        return number

    def unite(self, one: int, other: int) -> None:
        """Unite the sets of the two; what stood for the set of `other` stands for both."""
        self._parents[self.root(one)] = self.root(other)


class Links:
    """Which of the rows that were added are linked to a row: by equal pixels, by one group, or as a pair."""

    def __init__(self, rows: Sequence[ManifestRow], pairs: Sequence[Pair]):
        self._rows = rows
        self._added: set[int] = set()
        self._first: dict[tuple[str, str], int] = {}  # added row of each key
        self._partners: dict[int, list[int]] = defaultdict(list)
        for pair in pairs:
            self._partners[pair.first].append(pair.second)
            self._partners[pair.second].append(pair.first)

    def add(self, number: int) -> None:
        self._added.add(number)
        for key in self._keys(number):
            self._first.setdefault(key, number)

    def of(self, number: int) -> list[int]:
        """The numbers of added rows that it is linked to; of those with equal pixels or one group the first only."""
        partners = [partner for partner in self._partners[number] if partner in self._added]
        return partners + [self._first[key] for key in self._keys(number) if key in self._first]

    def _keys(self, number: int) -> list[tuple[str, str]]:
        row = self._rows[number]
        return [key for key in (("pixels", row["pixels"]), ("group", row["group"])) if key[1]]


def are_linked(rows: Iterable[ManifestRow], pairs: Iterable[Pair]) -> np.ndarray:
    """Whether a row has equal pixels or its group in common with another one, or is in a pair: bool (n,)."""
    table = Rows.gather(rows)
    linked = np.zeros(len(table), bool)
    for group in chain(table.repeated("pixels"), table.repeated("group"), (pair[:2] for pair in pairs)):
        linked[list(group)] = True
    return linked


def within(numbers: np.ndarray, pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs, numbered by the place of their rows in `numbers`, which is sorted and has all of them."""
    ends = np.searchsorted(numbers, np.array([pair[:2] for pair in pairs], np.int64).reshape(-1, 2)).tolist()
    return [pair._replace(first=first, second=second) for pair, (first, second) in zip(pairs, ends, strict=True)]


def names(rows: Iterable[ManifestRow], pairs: Sequence[Pair]) -> Iterator[str]:
    """The cluster of each row, named by the least `pixels` in it; "" for an image that is not used."""
    table = Rows.gather(rows)
    numbers = np.flatnonzero(are_linked(table, pairs))
    own = numbers.tolist()
    linked = dict(zip(own, _names([table[number] for number in own], within(numbers, pairs)), strict=True))
    columns = (table.column(name) for name in ("pixels", "bad", "dropped"))
    for number, (pixels, bad, dropped) in enumerate(zip(*columns, strict=True)):
        yield "" if bad or dropped else linked.get(number, pixels)


def _names(rows: Sequence[ManifestRow], pairs: Sequence[Pair]) -> list[str]:
    sets, links = Sets(len(rows)), Links(rows, pairs)
    numbers = [number for number, row in enumerate(rows) if manifest.is_used(row)]
    for number in numbers:
        for partner in links.of(number):
            sets.unite(number, partner)
        links.add(number)
    least = least_pixels(rows, sets, numbers)
    return [least.get(sets.root(number), "") for number in range(len(rows))]


def least_pixels(rows: Sequence[ManifestRow], sets: Sets, numbers: Iterable[int]) -> dict[int, str]:
    """The least `pixels` of the rows `numbers` in each set, by the number that stands for it."""
    least: dict[int, str] = {}
    for number in numbers:
        root = sets.root(number)
        least[root] = min(rows[number]["pixels"], least.get(root, "g"))  # "g" follows every hex digit
    return least
