"""Count how often today's test images have judged challengers, and find those that are newer than the champion.

Among many challengers one is lucky on the test images, and the gate crowns it: the more often the same images judge,
the more the champion's value flatters it (`benchmarks/statistics/retrainings.py` has the numbers). No test takes that
back without losing its power, so it is counted and shown; and the images that joined after the coronation, on which
the champion was not chosen, give a value without that bias.

The record is a small file of its own in git, because a rejected challenger is a look too and leaves the champion's
folder as it was, and because a fresh clone has it. The prices: a line for each test image, as in the tables of
predictions; and challengers that were judged on a branch that was never merged are not counted.

An image is known by the digest of its pixels, not by its path: a file that is renamed or stored again stays old, and
packing the images at another size makes none of them new.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from darkroom.runtime import files

DIGITS = 16  # of a digest: two of a million images share one with a probability of 3e-8


class Looks(NamedTuple):
    """The rounds of the gate so far: in each a challenger was judged on test images."""

    rounds: list[str]  # the digest of the challenger of each round, the oldest first
    champion: str | None  # its digest; None while there is none
    crowned: int | None  # the number of the round that made it champion, counted from 0
    images: dict[str, int]  # the number of the round that first used a test image, by the digest of the image


def read(path: Path) -> Looks:
    """Read what `write` wrote; no round where there is no file yet.

    Raises ArtifactError (exit 4) when the file is damaged.
    """
    if not path.exists():
        return Looks([], None, None, {})
    record = files.read_object(path)
    if record.keys() != set(Looks._fields):
        raise files.unusable(path, "is no record of looks", fix=f"take it from git: `git checkout {path}`")
    return Looks(**record)


def write(path: Path, looks: Looks) -> None:
    files.write_json(path, looks._asdict())


def digests(pixels: Sequence[str]) -> list[str]:
    """Shorten the `pixels` of the manifest to what the record holds."""
    return [value[:DIGITS] for value in pixels]


def judged(looks: Looks, challenger: str, images: Sequence[str]) -> Looks:
    """Add the round in which `challenger`, a digest, is judged on `images`, the digests of today's test images.

    The same challenger on the same images is no new round.
    """
    new = [image for image in images if image not in looks.images]
    if challenger in looks.rounds and not new:
        return looks
    return looks._replace(
        rounds=[*looks.rounds, challenger], images=looks.images | dict.fromkeys(new, len(looks.rounds))
    )


def crowned(looks: Looks, champion: str | None) -> Looks:
    """Note who is champion after the last round, by its digest: if it is another one, since that round."""
    if champion == looks.champion:
        return looks
    return looks._replace(champion=champion, crowned=None if champion is None else len(looks.rounds) - 1)


def count(looks: Looks, images: Sequence[str]) -> int:
    """Return how many different challengers half of `images` or more have judged, with that of the last round.

    It is a median because images join: the latest have judged one challenger, the first ones all of them.
    """
    by_round = [len(set(looks.rounds[start:])) for start in range(len(looks.rounds))]
    seen = sorted((by_round[looks.images[image]] for image in images), reverse=True)
    return seen[(len(seen) - 1) // 2]


def fresh(looks: Looks, images: Sequence[str], clusters: np.ndarray) -> np.ndarray:
    """Return which of `images` the champion was not chosen on, bool `(n,)`.

    An image of a cluster with an older image is not fresh: it is nearly that image, or of the same group.
    `clusters` int64 `(n,)`.
    """
    if looks.crowned is None:
        return np.zeros(len(images), bool)
    newer = np.array([looks.images[image] > looks.crowned for image in images])
    return newer & ~np.isin(clusters, clusters[~newer])
