"""Choose images to label: those that a model is least sure of, and of these the most different ones.

The margin is the probability of the likeliest class less that of the second. Of the images with the least margins, some
times as many as are wanted, k-means makes as many clusters as are wanted, of what the network sees in them, each image
weighted by its doubt; of each cluster the image nearest to its centre is chosen. This is Zhdanov's "Diverse mini-batch
Active Learning" (2019). The least sure images alone would be much alike, and the most different ones odd.
"""

import heapq
from collections.abc import Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np

Item = TypeVar("Item")

AHEAD = 10  # images that are compared for each that is chosen; Zhdanov found 10 to 50 alike


class Candidate(NamedTuple, Generic[Item]):
    item: Item
    margin: float
    features: np.ndarray  # float (d,)


def margins(probabilities: np.ndarray) -> np.ndarray:
    """float `(n,)`, 0 for an image of which two classes are equally likely, from probabilities float `(n, k)`."""
    ranked = np.sort(probabilities, axis=1)
    return ranked[:, -1] - ranked[:, -2] if ranked.shape[1] > 1 else ranked[:, -1]


def shortlist(candidates: Iterable[Candidate[Item]], n: int) -> list[Candidate[Item]]:
    """Return those of `candidates` that `choose` needs to choose `n`, the least sure first; the others are let go."""
    return heapq.nsmallest(AHEAD * n, candidates, key=lambda candidate: candidate.margin)


def choose(shortlisted: Sequence[Candidate[Item]], n: int, seed: int) -> list[Candidate[Item]]:
    """Return `n` of them, or all where there are no more, the least sure first."""
    if len(shortlisted) <= n:
        return list(shortlisted)
    doubts = 1 - np.array([candidate.margin for candidate in shortlisted])
    chosen = set(_central(np.stack([candidate.features for candidate in shortlisted]), doubts, n, seed))
    rest = (number for number in range(len(shortlisted)) if number not in chosen)
    chosen.update(number for number, _ in zip(rest, range(n - len(chosen)), strict=False))  # of images that are equal
    return [shortlisted[number] for number in sorted(chosen)]


def _central(features: np.ndarray, doubts: np.ndarray, n: int, seed: int) -> list[int]:
    """The number of the image nearest to the centre of each of `n` clusters."""
    from sklearn.cluster import KMeans  # half a second

    clusters = KMeans(n, n_init=1, random_state=seed).fit(features, sample_weight=doubts)
    distances = np.linalg.norm(features - clusters.cluster_centers_[clusters.labels_], axis=1)
    nearest: dict[int, int] = {}
    for number in np.argsort(distances, kind="stable"):
        nearest.setdefault(int(clusters.labels_[number]), int(number))
    return list(nearest.values())
