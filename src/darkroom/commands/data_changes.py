"""What changed between two versions of the data: images by the SHA-256 of their files, so that a move is no change."""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

Row = Mapping[str, str]  # of a manifest: label, sha256, bad and dropped are read


class Counts(NamedTuple):
    """Images of one class, or of all; a relabelled one counts for its new class."""

    before: int
    now: int
    added: int
    removed: int
    relabelled: int

    @property
    def changes(self) -> int:
        return self.added + self.removed + self.relabelled


class DataChanges(NamedTuple):
    total: Counts
    classes: dict[str, Counts]  # by class, in the order of their names

    @property
    def new_classes(self) -> list[str]:
        return [name for name, counts in self.classes.items() if counts.now and not counts.before]

    @property
    def gone_classes(self) -> list[str]:
        return [name for name, counts in self.classes.items() if counts.before and not counts.now]


def compare(before: Iterable[Row], now: Iterable[Row]) -> DataChanges:
    """Compare the used images of two manifests.

    An image that is there twice counts twice. A file that left one class and came to another is relabelled. The rows
    are read one by one, so that memory holds a digest per image and no more. Raises KeyError where a column is missing.
    """
    old, new = _count(before), _count(now)
    gone, came = _labels(old - new), _labels(new - old)
    added, removed, relabelled = Counter[str](), Counter[str](), Counter[str]()
    for sha256 in gone.keys() | came.keys():
        left, arrived = gone.get(sha256, []), came.get(sha256, [])
        moved = min(len(left), len(arrived))
        relabelled.update(arrived[:moved])
        added.update(arrived[moved:])
        removed.update(left[moved:])
    sizes, old_sizes = _by_class(new), _by_class(old)
    classes = {
        name: Counts(old_sizes[name], sizes[name], added[name], removed[name], relabelled[name])
        for name in sorted({*sizes, *old_sizes})
    }
    return DataChanges(Counts(*map(sum, zip(*classes.values(), strict=True))), classes)


def _count(rows: Iterable[Row]) -> Counter[tuple[str, str]]:
    return Counter((row["sha256"], sys.intern(row["label"])) for row in rows if not row["bad"] and not row["dropped"])


def _labels(images: Mapping[tuple[str, str], int]) -> dict[str, list[str]]:
    labels: dict[str, list[str]] = defaultdict(list)
    for (sha256, label), count in sorted(images.items()):
        labels[sha256] += [label] * count
    return labels


def _by_class(images: Counter[tuple[str, str]]) -> Counter[str]:
    sizes = Counter[str]()
    for (_, label), count in images.items():
        sizes[label] += count
    return sizes
