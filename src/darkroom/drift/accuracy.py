"""How accurate a model is on images without labels, from how sure it is of them.

The held-out images say how often the model is right where it is about as sure as of an image: they are split into BINS
of equal size by confidence (Zadrozny and Elkan 2001). This is a calibration too, and needs no temperature. The interval
is that of the accuracy on these very images, and has two parts: what a bin says is uncertain, as it has few images
(a beta distribution with Jeffreys' prior), and which of the new images are right is chance (a binomial one).

It holds as long as images of which the model is as sure as before are right as often as before. Images that are only
harder, or come in other shares, leave that so. A network is often just as sure of images that it never learned to see:
then the estimate is too high, and an alarm is the only sign. What a class means may change too, and no image shows it.
"""

from typing import NamedTuple

import numpy as np

BINS, DRAWS = 10, 4_000
LEVEL = 0.95  # of the interval


class Accuracy(NamedTuple):
    value: float
    low: float
    high: float
    level: float  # of the interval
    before: float  # on the held-out images


def estimate(confidence: np.ndarray, right: np.ndarray, now: np.ndarray, seed: int) -> Accuracy:
    """Estimate the accuracy on n images from their confidence `now`, float `(n,)`.

    `confidence` float `(v,)` and `right` bool `(v,)` are those of held-out images.
    """
    edges = np.unique(np.quantile(confidence, np.arange(1, BINS) / BINS))  # fewer where many are equally sure
    old, new = np.digitize(confidence, edges), np.digitize(now, edges)
    counts, asked = (np.bincount(numbers, minlength=len(edges) + 1) for numbers in (old, new))
    hits = np.bincount(old, weights=right, minlength=len(edges) + 1)
    rng = np.random.default_rng(seed)
    chances = rng.beta(hits + 0.5, counts - hits + 0.5, (DRAWS, len(counts)))
    accuracies = rng.binomial(asked, chances).sum(1) / len(now)
    low, high = np.quantile(accuracies, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Accuracy(float(accuracies.mean()), float(low), float(high), LEVEL, float(right.mean()))
