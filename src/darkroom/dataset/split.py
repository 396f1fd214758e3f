"""Give every image a side: train, val or test.

Folders of the archive are respected. What they leave open is drawn, and the draw is a function of the seed
and of the image's cluster alone (`near_duplicates.clusters`: the image itself, as a rule), so

* equal and nearly equal images, and those of one group, share a side, under whatever name (no leak);
* images added later never move old ones, unless they join them to a cluster.

What is drawn: the sides the archive lacks, out of all images or out of its training folder. So with a test
folder and no validation folder, `validate.val` is a fraction of the training folder.

A class so small that the draw leaves it a side without an image is helped: the empty side gets the cluster whose
draw is nearest to it, taken from a side that has another one. A class of at least as many clusters as there are sides
to draw so has an image on each; with fewer, train is served first, then test, then val. A cluster that holds several
classes is moved only when none of the others loses a side by it.

The price: shares hold on average. With n images and a share f the standard error is sqrt(f (1 - f) / n). And while
the draw alone leaves a class an empty side, an image added to that class may move the helping cluster back, or make
another one the helper. Once the draw alone reaches all sides of every class, nothing ever moves again.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from darkroom.params import Validate

ORDER = ("train", "test", "val")  # in which the sides of a class are served when there is not enough for all

Ranges = Mapping[str, tuple[float, float]]  # of the draw: side -> from, below


class Assigned(NamedTuple):
    rows: list[dict]  # with `split` filled in
    filled: list[dict]  # class, side and images: what was moved to a side that the draw had left empty


class _Move(NamedTuple):
    label: str
    cluster: str
    side: str


def assign(rows: Iterable[dict], config: Validate, *, seed: int) -> Assigned:
    """Fill in `split`. Each row has `label`, `cluster` and `split`: the archive's, or "" where it says nothing.

    A row without cluster, a bad image, keeps what it has: nobody will use it.
    """
    rows = list(rows)
    ranges = _ranges(config, given(rows))
    members = [row for row in rows if _is_open(row)]
    draws = {row["cluster"]: _draw(row["cluster"], seed) for row in members}
    sides = {cluster: _side(draw, ranges) for cluster, draw in draws.items()}
    moves = list(_fill(members, draws, sides, ranges))
    sides.update({move.cluster: move.side for move in moves})
    sizes = Counter((row["label"], row["cluster"]) for row in members)
    return Assigned(
        [{**row, "split": sides[row["cluster"]]} if _is_open(row) else row for row in rows],
        [{"class": label, "side": side, "images": sizes[label, cluster]} for label, cluster, side in moves],
    )


def given(rows: Iterable[Mapping]) -> frozenset[str]:
    """The sides that the archive itself has."""
    return frozenset(row["split"] for row in rows if row["split"])


def forgotten(rows: Iterable[Mapping]) -> list[dict]:
    """The rows as if the archive had no sides."""
    return [{**row, "split": ""} for row in rows]


def _is_open(row: Mapping) -> bool:
    return bool(row["cluster"]) and row["split"] not in ("val", "test")


def _ranges(config: Validate, known: Iterable[str]) -> Ranges:
    """Where the draw of each side lies that the archive lacks, one after the other, and train has the rest."""
    start, ranges = 0.0, {}
    for side, fraction in (("test", config.test), ("val", config.val)):
        if side not in known:
            ranges[side] = (start, start + fraction)
            start += fraction
    return {**ranges, "train": (start, 1.0)}


def _side(draw: float, ranges: Ranges) -> str:
    return next((side for side, (_, end) in ranges.items() if draw < end), "train")


def _draw(cluster: str, seed: int) -> float:
    """A number in [0, 1) that looks drawn but is a function of its arguments."""
    word = sha256(f"{seed}:{cluster}".encode()).digest()[:6]
    return int.from_bytes(word, "big") / 2**48


def _fill(members: Sequence[Mapping], draws: Mapping, drawn: Mapping, ranges: Ranges) -> Iterable[_Move]:
    """The moves that give each class an image on each side, as far as it has clusters for that."""
    labels, clusters, sides = defaultdict(set), defaultdict(set), dict(drawn)
    for row in members:
        labels[row["cluster"]].add(row["label"])
        clusters[row["label"]].add(row["cluster"])
    counts = Counter((label, sides[cluster]) for label, its in clusters.items() for cluster in its)
    for label in sorted(clusters):
        for side in ORDER:
            if side not in ranges or counts[label, side]:
                continue
            spare = [each for each in clusters[label] if _is_spare(label, sides[each], side, labels[each], counts)]
            if spare:
                chosen = min(spare, key=lambda each: (_distance(draws[each], *ranges[side]), each))
                counts.subtract((each, sides[chosen]) for each in labels[chosen])
                counts.update((each, side) for each in labels[chosen])
                sides[chosen] = side
                yield _Move(label, chosen, side)


def _is_spare(label: str, old: str, new: str, labels: Iterable[str], counts: Mapping) -> bool:
    """Whether a cluster of `labels` can go from one side to another: who is left, or that `new` is served before."""
    left = all(counts[other, old] > 1 for other in labels if other != label)
    return left and (counts[label, old] > 1 or ORDER.index(new) < ORDER.index(old))


def _distance(draw: float, start: float, end: float) -> float:
    return max(start - draw, draw - end)
