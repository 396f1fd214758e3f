"""Give every image a split: train, val or test.

Split folders of the archive are respected. The splits that they leave open are drawn, and the draw is a function of
the seed and of the name of the image's cluster alone (`clusters`: the image itself, as a rule), so

* equal and nearly equal images, and those of one group, share a split, under whatever name (no leak);
* images added later never move old ones: one that joins a cluster takes its name (`cluster_history`).

What is drawn: the splits that the archive lacks, out of all images or out of its training folder. So with a test
folder and no validation folder, `validate.val` is a fraction of the training folder.

A class so small that the draw leaves it without an image in some split is helped: the empty split gets the cluster
whose draw is nearest to it, taken from a split that has another one. A class of at least as many clusters as there are
splits to draw so has an image in each; with fewer, train is served first, then test, then val. A cluster that holds
several classes is moved only when none of the others loses a split by it.

The price: fractions hold on average. With n images and a fraction f the standard error is sqrt(f (1 - f) / n). And
while the draw alone leaves a class without an image in some split, an image added to that class may move the helping
cluster back, or make another one the helper. Once the draw alone reaches all splits of every class, nothing ever moves
again.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import chain, repeat
from typing import NamedTuple

from darkroom.manifest import ManifestRow
from darkroom.params import Validate
from darkroom.table.rows import Rows

ORDER = ("train", "test", "val")  # in which the splits of a class are served when there is not enough for all

Ranges = Mapping[str, tuple[float, float]]  # of the draw: split -> from, below


class Helped(NamedTuple):
    """A class, the split that the draw had left empty, and how many images were moved there."""

    label: str
    split: str
    images: int


class Assigned(NamedTuple):
    rows: Rows[ManifestRow]  # with `split` filled in
    helped: list[Helped]


class _Move(NamedTuple):
    label: str
    cluster: str
    split: str


class _Member(NamedTuple):
    """An image whose split is drawn."""

    label: str
    cluster: str


def assign(rows: Iterable[ManifestRow], config: Validate) -> Assigned:
    """Fill in `split`, which is the archive's where it has one, else "", and keep that one as `given`.

    Of the rest, `label` and `cluster` are read. A row without cluster, a bad image, is left alone: nobody will use it.
    """
    table = Rows.gather(rows)
    ranges = _ranges(config, given_splits(table))
    moves = _moves(table, config.seed, ranges)
    moved = {move.cluster: move.split for move in moves}

    def splits() -> Iterator[str]:
        for cluster, given in zip(table.column("cluster"), table.column("split"), strict=True):
            is_moved = is_drawn(cluster, given) and cluster in moved
            yield moved[cluster] if is_moved else _drawn(cluster, given, config.seed, ranges)

    sizes = Counter(member for member in _members(table) if member.cluster in moved)
    return Assigned(
        table.replaced(given=table.column("split"), split=splits()),
        [Helped(label, split, sizes[_Member(label, cluster)]) for label, cluster, split in moves],
    )


def _members(table: Rows[ManifestRow]) -> Iterator[_Member]:
    for label, cluster, given in zip(*map(table.column, ("label", "cluster", "split")), strict=True):
        if is_drawn(cluster, given):
            yield _Member(label, cluster)


def _drawn(cluster: str, given: str, seed: int, ranges: Ranges) -> str:
    return _split(_draw(cluster, seed), ranges) if is_drawn(cluster, given) else given


def given_splits(rows: Iterable[ManifestRow]) -> frozenset[str]:
    """The splits that the archive itself has."""
    return frozenset(filter(None, Rows.gather(rows).column("split")))


def drawn(cluster: str, config: Validate, given: Iterable[str]) -> str:
    """The split that the draw alone gives a cluster, where the archive itself has the splits `given`."""
    return _split(_draw(cluster, config.seed), _ranges(config, given))


def cleared(rows: Iterable[ManifestRow]) -> Rows[ManifestRow]:
    """The rows as if the archive had no splits."""
    table = Rows.gather(rows)
    return table.replaced(split=repeat("", len(table)))


def is_open(row: ManifestRow) -> bool:
    """Whether the split of the image is drawn: it is used, and the archive does not put it into test or val."""
    return is_drawn(row["cluster"], row["split"])


def is_drawn(cluster: str, given: str) -> bool:
    """The same, by the cluster of the image and the split that the archive gives it."""
    return bool(cluster) and given not in ("val", "test")


def _ranges(config: Validate, given: Iterable[str]) -> Ranges:
    """The range of the draw for each split that the archive lacks, one after the other; train has the rest."""
    start = 0.0
    ranges: dict[str, tuple[float, float]] = {}
    for split, fraction in (("test", config.test), ("val", config.val)):
        if split not in given:
            ranges[split] = (start, start + fraction)
            start += fraction
    return ranges | {"train": (start, 1.0)}


def _split(draw: float, ranges: Ranges) -> str:
    return next((split for split, (_, end) in ranges.items() if draw < end), "train")


def _draw(cluster: str, seed: int) -> float:
    """A number in [0, 1) that looks random but is a function of its arguments."""
    word = sha256(f"{seed}:{cluster}".encode()).digest()[:6]
    return int.from_bytes(word, "big") / 2**48


def _moves(table: Rows[ManifestRow], seed: int, ranges: Ranges) -> list[_Move]:
    """The moves that give each class an image in each split, as far as it has clusters for that.

    Memory is needed for the clusters of the classes that lack one. Moves cost no other class a split.
    """
    counts = _cluster_counts(table, seed, ranges)
    lacking = {label for label, _ in counts if not all(counts[label, split] for split in ranges)}
    labels, clusters = _of_classes(table, lacking)
    splits = {cluster: _split(_draw(cluster, seed), ranges) for cluster in labels}
    moves = []
    for label in sorted(clusters):
        for split in (name for name in ORDER if name in ranges):
            if counts[label, split]:
                continue
            spare = [c for c in clusters[label] if _is_spare(label, splits[c], split, labels[c], counts)]
            if spare:
                cluster = min(spare, key=lambda c: (_distance(_draw(c, seed), *ranges[split]), c))
                counts.subtract((other, splits[cluster]) for other in labels[cluster])
                counts.update((other, split) for other in labels[cluster])
                splits[cluster] = split
                moves.append(_Move(label, cluster, split))
    return moves


def _cluster_counts(table: Rows[ManifestRow], seed: int, ranges: Ranges) -> Counter[tuple[str, str]]:
    """How many clusters of a class the draw puts into a split, by both."""
    several = {table[group[0]]["cluster"] for group in table.repeated("cluster")}
    once = {member: None for member in _members(table) if member.cluster in several}
    alone = (member for member in _members(table) if member.cluster not in several)
    return Counter((label, _split(_draw(cluster, seed), ranges)) for label, cluster in chain(once, alone))


def _of_classes(table: Rows[ManifestRow], lacking: Collection[str]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """All labels of each cluster that has a label of `lacking`, and the clusters of each of these labels."""
    clusters: dict[str, set[str]] = defaultdict(set)
    for label, cluster in _members(table) if lacking else ():
        if label in lacking:
            clusters[label].add(cluster)
    labels: dict[str, set[str]] = {cluster: set() for own in clusters.values() for cluster in own}
    for label, cluster in _members(table) if lacking else ():
        if cluster in labels:
            labels[cluster].add(label)
    return labels, clusters


def _is_spare(label: str, old: str, new: str, labels: Iterable[str], counts: Mapping[tuple[str, str], int]) -> bool:
    """Whether a cluster of `labels` can move: `old` keeps another one, or `new` is served before it."""
    others_stay = all(counts[other, old] > 1 for other in labels if other != label)
    return others_stay and (counts[label, old] > 1 or ORDER.index(new) < ORDER.index(old))


def _distance(draw: float, start: float, end: float) -> float:
    return max(start - draw, draw - end)
