"""How far a list of questioned labels can be trusted: labels are flipped on purpose, and the list is made again.

A flipped label that is listed is a hit. A label that is listed as it was is a false alarm, or an error that the data
had before. `wrong` estimates how many of the latter there are, or a list of errors would count against the list.
"""

import math

import numpy as np

from darkroom.label_review import KnownErrors
from darkroom.labels import confident_learning
from darkroom.labels.method import Method

FLIPS = 1  # a stream of random numbers of their own: else the images that `pixels` compares with would be flipped
FLIPPED = 100  # labels at least, over all repetitions: recall has then a standard error of at most 0.05
SUREST = 0.25  # of the images
MAX_MISTAKES = 0.1  # of a model, that its labels do not explain: with 0.13 and more the estimate was up to 0.1 too high
MAX_WRONG = 0.2


def listed(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """bool `(n,)`: whose label is questioned, by `probabilities` float `(n, k)` that are out of sample."""
    reached = confident_learning.thresholds(labels, probabilities)
    return confident_learning.suggestions(labels, probabilities, reached) != labels


def wrong(labels: np.ndarray, probabilities: np.ndarray) -> float | None:
    """Estimate the fraction of wrong labels: how many the model contradicts among the images that it is surest of.

    Random errors are as frequent in this quarter as elsewhere, and a strong model's own mistakes are rare there. In the
    simulations of `benchmarks.statistics.labels` the estimate is off by 0.01 at most. It is too low where difficult
    images are mislabelled more often than easy ones. None for a weak model, which is wrong about easy images as well:
    one that contradicts many more labels elsewhere (MAX_MISTAKES), or too many here (MAX_WRONG).
    """
    judged = ~np.isnan(probabilities[:, 0])
    contradicted = probabilities[judged].argmax(1) != labels[judged]
    sureness = probabilities[judged].max(1)
    estimate = float(contradicted[sureness >= np.quantile(sureness, 1 - SUREST)].mean())
    strong = estimate <= MAX_WRONG and contradicted.mean() - estimate <= MAX_MISTAKES
    return estimate if strong else None


def flip(labels: np.ndarray, k: int, rate: float, rng: np.random.Generator) -> np.ndarray:
    """`labels` int64 `(n,)` with a fraction `rate` of them, one at least, changed to any other of the k classes."""
    rows = rng.permutation(len(labels))[: max(1, round(rate * len(labels)))]
    flipped = labels.copy()
    flipped[rows] = (labels[rows] + rng.integers(1, k, len(rows))) % k
    return flipped


def measure(method: Method, labels: np.ndarray, k: int, rate: float, errors: float | None, seed: int) -> KnownErrors:
    """Flip a fraction `rate` of the training labels, as often as it takes to flip FLIPPED, and look for them.

    `errors` is the fraction of `labels` int64 `(n,)` that `wrong` estimates. As many of them are expected to be found
    as of the flipped ones, and the rest of the list is false alarms; where there is no estimate, all of the rest.
    """
    rng, n = np.random.default_rng([seed, FLIPS]), len(labels)
    repetitions = math.ceil(FLIPPED / max(1, round(rate * n)))
    counts = [_counts(method, labels, flip(labels, k, rate, rng)) for _ in range(repetitions)]
    flipped, hits, others = np.sum(counts, 0)
    recall = hits / flipped
    false_alarms = max(0.0, others - (errors or 0) * recall * (repetitions * n - flipped))
    return {"flipped": int(flipped), "recall": float(recall), "precision": float(hits / max(1, hits + false_alarms))}


def _counts(method: Method, labels: np.ndarray, changed: np.ndarray) -> tuple[int, int, int]:
    """How many labels were flipped, and how many of these and of all others are listed."""
    flipped, found = changed != labels, listed(changed, method.out_of_sample(changed))
    return int(flipped.sum()), int(found[flipped].sum()), int(found[~flipped].sum())
