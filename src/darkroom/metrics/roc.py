"""How well a score ranks the images of one class before all others: ROC and precision-recall.

Definitions as in scikit-learn: the ROC area by the trapezoidal rule, average precision as the sum of precisions
weighted by the recall they add (no interpolation); equal scores count as one threshold. Written over weights, so
that a bootstrap sorts once. The price: resamples x n x k additions, half a second for 2,000 images of 100
classes and 2,000 resamples.
"""

from collections.abc import Callable
from typing import NamedTuple, TypedDict

import numpy as np

from darkroom.metrics import classification
from darkroom.metrics.sample import Predictions, Sample

POINTS, LEAST = 2000, 20  # that curves are drawn from: of all classes, and of each
DIGITS = 6  # of a point that is written: the files are kept in git


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
    positives: np.ndarray  # int64 (h,): the images of the class, in that order
    firsts: np.ndarray  # int64 (g,): the index in `positives` where each such run begins
    cuts: np.ndarray  # int64 (c,): the indices in `rows` where one begins or ends, from 0
    begins: np.ndarray  # int64 (g,): the index in `cuts` of the begin of each such run
    ends: np.ndarray  # int64 (g,): the index in `cuts` of what follows it


def roc_auc(sample: Sample) -> np.ndarray:
    """The area under the ROC curve of each class against the rest, `(k, b)`."""
    return _by_class(sample, roc_area)


def average_precision(sample: Sample) -> np.ndarray:
    """Of each class against the rest, `(k, b)`."""
    return _by_class(sample, mean_precision)


def mean_roc_auc(sample: Sample) -> np.ndarray:
    return _mean(sample.once(roc_auc), sample)


def mean_average_precision(sample: Sample) -> np.ndarray:
    return _mean(sample.once(average_precision), sample)


def order(positive: np.ndarray, scores: np.ndarray) -> Order:
    """Sort the images of one class, `positive` bool `(n,)`, and all others by `scores` float `(n,)`."""
    rows = np.argsort(-scores, kind="stable")
    run = np.cumsum(np.append(0, np.diff(scores[rows]) != 0))  # the number of the run that each index is in
    of_class = run[positive[rows]]
    runs, firsts = np.unique(of_class, return_index=True)
    starts, stops = np.searchsorted(run, runs, side="left"), np.searchsorted(run, runs, side="right")
    cuts = np.unique(np.concatenate([[0], starts, stops[stops < len(rows)]]))
    begins, ends = np.searchsorted(cuts, starts), np.searchsorted(cuts, stops)
    return Order(rows, rows[positive[rows]], firsts, cuts, begins, ends)


class Counts(NamedTuple):
    """Images at each score that one of the class has, by falling score, as b samples drew them; `(g, b)`."""

    gained: np.ndarray  # images of the class with that score
    true_positives: np.ndarray  # those and all with a higher score
    before: np.ndarray  # images of any class with a higher score
    after: np.ndarray  # those and all with that score
    total: np.ndarray  # (b,), all images


def counts(order: Order, weights: np.ndarray) -> Counts:
    """`weights` `(n, b)`: how often each sample drew each image. At least one image must be of the class."""
    sums = np.add.reduceat(weights[order.rows], order.cuts).astype(np.float64)
    totals = np.cumsum(np.vstack([np.zeros_like(sums[:1]), sums]), 0)
    gained = np.add.reduceat(weights[order.positives], order.firsts).astype(np.float64)
    return Counts(gained, np.cumsum(gained, 0), totals[order.begins], totals[order.ends], totals[-1])


def roc_area(c: Counts) -> np.ndarray:
    """The area under the ROC curve, `(b,)`; NaN in a sample in which no image is of the class, or all are."""
    positives = c.true_positives[-1]
    below = (c.total - c.after) - (positives - c.true_positives)  # of other classes, with a lower score
    level = c.after - c.before - c.gained
    return _divide((c.gained * (below + level / 2)).sum(0), positives * (c.total - positives))


def mean_precision(c: Counts) -> np.ndarray:
    """The average precision, `(b,)`; NaN in a sample in which no image is of the class, or all are."""
    positives = c.true_positives[-1]
    precisions = (c.gained * c.true_positives / np.maximum(c.after, 1)).sum(0)
    return _divide(precisions * (c.total - positives), positives * (c.total - positives))


def points(positive: np.ndarray, scores: np.ndarray) -> dict[str, np.ndarray]:
    """float64 `(t,)` each, by falling `threshold`: `false_positive_rate`, `recall` and `precision`.

    `positive` bool `(n,)`, `scores` float `(n,)`; a point for each distinct score. A rate is NaN where it has no image.
    """
    rows = np.argsort(-scores, kind="stable")
    last = np.flatnonzero(np.append(np.diff(scores[rows]) != 0, True))
    true_positives = np.cumsum(positive[rows])[last].astype(np.float64)
    false_positives = last + 1 - true_positives
    with np.errstate(invalid="ignore"):
        rates = false_positives / false_positives[-1], true_positives / true_positives[-1]
    return {
        "threshold": scores[rows][last].astype(np.float64),
        "false_positive_rate": rates[0],
        "recall": rates[1],
        "precision": true_positives / (true_positives + false_positives),
    }


def curves(labels: np.ndarray, probabilities: np.ndarray, classes: tuple[str, ...]) -> list[RocPoint]:
    """Compute POINTS points in all, more or less, of each class that the test set has against the rest.

    `labels` int64 `(n,)`, `probabilities` float `(n, k)`. Of two classes the second alone, as the first mirrors it.
    """
    rows: list[RocPoint] = []
    present = [i for i in range(len(classes)) if 0 < (labels == i).sum() < len(labels)]
    for i in present[-1:] if len(classes) == 2 else present:
        curve = points(labels == i, probabilities[:, i])
        count = len(curve["recall"])
        thinned = np.unique(np.linspace(0, count - 1, min(count, max(LEAST, POINTS // len(present)))).astype(int))
        rows += [_point(classes[i], {name: values[j] for name, values in curve.items()}) for j in thinned]
    return rows


def _point(label: str, values: dict[str, float]) -> RocPoint:
    rounded = {name: round(float(value), DIGITS) for name, value in values.items()}
    return RocPoint(
        label=label,
        threshold=rounded["threshold"],
        false_positive_rate=rounded["false_positive_rate"],
        recall=rounded["recall"],
        precision=rounded["precision"],
    )


def _orders(predictions: Predictions) -> list[Order]:
    return [order(predictions.labels == i, scores) for i, scores in enumerate(predictions.probabilities.T)]


def _by_class(sample: Sample, area: Callable[[Counts], np.ndarray]) -> np.ndarray:
    """`area` of each class, `(k, b)`; NaN where no image is of the class, or all are."""
    result = np.full((sample.predictions.k, sample.weights.shape[1]), np.nan)
    for i, order in enumerate(sample.predictions.once(_orders)):
        if 0 < len(order.positives) < len(order.rows):
            result[i] = area(counts(order, sample.weights))
    return result


def _divide(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """NaN where the denominator is 0."""
    return np.divide(a, b, out=np.full(b.shape, np.nan), where=b > 0)


def _mean(by_class: np.ndarray, sample: Sample) -> np.ndarray:
    return classification.mean(by_class, (sample.once(classification.support) > 0).astype(float))
