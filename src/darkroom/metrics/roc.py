"""How well a score ranks the images of one class before all others: ROC and precision-recall.

Definitions as in scikit-learn: the ROC area by the trapezoidal rule, average precision as the sum of precisions
weighted by the recall they add (no interpolation); equal scores count as one threshold. Written over weights, so
that a bootstrap sorts once. The price: resamples x n x k additions, half a second for 2,000 images of 100
classes and 2,000 resamples.
"""

from collections.abc import Callable
from typing import NamedTuple, TypedDict

import numpy as np

from darkroom.metrics.classification import Samples

POINTS, LEAST = 2000, 20  # that curves are drawn from: of all classes, and of each
DIGITS = 6  # of what is kept of a point: git has it


class RocPoint(TypedDict):
    """A point of the ROC and precision-recall curves of one class against the rest."""

    label: str
    threshold: float
    false_positive_rate: float
    recall: float
    precision: float


class Order(NamedTuple):
    """The images by falling score, cut where a run of equal scores with one of the class in it begins or ends."""

    rows: np.ndarray  # int64 (n,)
    hits: np.ndarray  # int64 (h,): the images of the class, in that order
    firsts: np.ndarray  # int64 (g,): the place among the hits where each such run begins
    cuts: np.ndarray  # int64 (c,): the places of all images where one begins or ends, from 0
    begins: np.ndarray  # int64 (g,): of each such run, its place among the cuts
    ends: np.ndarray  # int64 (g,): the place among the cuts of what follows it


def statistic(labels: np.ndarray, probabilities: np.ndarray) -> Callable[[np.ndarray], Samples]:
    """What turns weights `(n, b)` into ROC area and average precision of each class against the rest, `(k, b)`."""
    orders = [order(labels == i, scores) for i, scores in enumerate(probabilities.T)]

    def of(weights: np.ndarray) -> Samples:
        found = np.array([areas(each, weights) for each in orders])
        return {"roc_auc": found[:, 0], "average_precision": found[:, 1]}

    return of


def order(positive: np.ndarray, scores: np.ndarray) -> Order:
    """Of `positive` bool `(n,)` and `scores` float `(n,)`."""
    rows = np.argsort(-scores, kind="stable")
    run = np.cumsum(np.append(0, np.diff(scores[rows]) != 0))  # the number of the run each place is in
    of_class = run[positive[rows]]
    runs, firsts = np.unique(of_class, return_index=True)
    starts, stops = (np.searchsorted(run, runs, side=side) for side in ("left", "right"))
    cuts = np.unique(np.concatenate([[0], starts, stops[stops < len(rows)]]))
    begins, ends = np.searchsorted(cuts, starts), np.searchsorted(cuts, stops)
    return Order(rows, rows[positive[rows]], firsts, cuts, begins, ends)


def areas(found: Order, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """ROC area and average precision, `(b,)` each; NaN where the class or its contrary is not there."""
    if len(found.hits) in (0, len(found.rows)):
        missing = np.full(weights.shape[1], np.nan)
        return missing, missing
    sums = np.add.reduceat(weights[found.rows], found.cuts).astype(np.float64)
    drawn = np.cumsum(np.vstack([np.zeros_like(sums[:1]), sums]), 0)
    before, after = drawn[found.begins], drawn[found.ends]
    gained = np.add.reduceat(weights[found.hits], found.firsts).astype(np.float64)
    hits = np.cumsum(gained, 0)
    below = (drawn[-1] - after) - (hits[-1] - hits)  # of other classes, with a lower score
    level = after - before - gained
    area = (gained * (below + level / 2)).sum(0) / (hits[-1] * (drawn[-1] - hits[-1]))
    return area, (gained * hits / np.maximum(after, 1)).sum(0) / hits[-1]


def points(positive: np.ndarray, scores: np.ndarray) -> dict[str, np.ndarray]:
    """float64 `(t,)` each, by falling `threshold`: `false_positive_rate`, `recall` and `precision`.

    A point for each distinct score; a rate whose class is not there is NaN.
    """
    rows = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[rows]) != 0, True))
    hits = np.cumsum(positive[rows])[last].astype(np.float64)
    alarms = last + 1 - hits
    with np.errstate(invalid="ignore"):
        rates = alarms / alarms[-1], hits / hits[-1]
    return {
        "threshold": scores[rows][last].astype(np.float64),
        "false_positive_rate": rates[0],
        "recall": rates[1],
        "precision": hits / (hits + alarms),
    }


def curves(labels: np.ndarray, probabilities: np.ndarray, classes: tuple[str, ...]) -> list[dict]:
    """Rows label, threshold, false_positive_rate, recall, precision: POINTS in all, more or less.

    Each class that the test set has against the rest; of two classes the second alone, as the first mirrors it.
    """
    rows = []
    shown = [i for i in range(len(classes)) if 0 < (labels == i).sum() < len(labels)]
    for i in shown[-1:] if len(classes) == 2 else shown:
        found = points(labels == i, probabilities[:, i])
        count = len(found["recall"])
        kept = np.unique(np.linspace(0, count - 1, min(count, max(LEAST, POINTS // len(shown)))).astype(int))
        for j in kept:
            rows.append({"label": classes[i], **{name: round(float(v[j]), DIGITS) for name, v in found.items()}})
    return rows
