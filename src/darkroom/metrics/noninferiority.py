"""Is a model that is cheaper also good enough: is its accuracy lower by at most a margin?

A test that finds no difference does not show that there is none. So the interval of the loss decides: the model is not
worse where even the upper end stays within the margin, and worse where the lower end lies beyond it. The interval is
that of Tango (1998) for the difference of two shares of the same images, which holds its level where the models differ
on few images or on none; a bootstrap would then return an interval of no width. Each end is one-sided.

Images of one cluster are taken for copies of one another, so n images count for n^2 / (sum of the squared sizes of the
clusters), Kish's (1965) effective size. The price: where they are not copies, it asks for more images than needed.
"""

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from darkroom.metrics.design import Design

STEPS = 60  # halvings of an interval of width 1, beyond what a float resolves


class Loss(NamedTuple):
    """The accuracy that a model loses against another one, and its interval; negative where it gains."""

    value: float
    low: float
    high: float

    def within(self, margin: float) -> bool | None:
        """Whether the loss is at most `margin`; None where the images are too few to say."""
        return True if self.high <= margin else False if self.low > margin else None


def loss(before: np.ndarray, after: np.ndarray, design: Design, confidence: float) -> Loss:
    """Return the loss from whether each model was right, bool `(n,)` each, for the same n images."""
    n = len(before)
    size = effective_size(design)
    lost, won = (size * float((a & ~b).mean()) for a, b in ((before, after), (after, before)))
    z = NormalDist().inv_cdf(confidence)
    value = (lost - won) / size if n else 0.0
    return Loss(value, -_upper(won, lost, size, z), _upper(lost, won, size, z))


def effective_size(design: Design) -> float:
    """Return for how many independent images those of `design` count."""
    sizes = np.bincount(design.cluster_of)
    return float(sizes.sum() ** 2 / (sizes**2).sum())


def least_images(margin: float, confidence: float) -> int:
    """Return how many independent images show a loss within `margin` where the models are right on the same ones."""
    z = NormalDist().inv_cdf(confidence)
    return math.ceil(z**2 * (1 - margin) / margin)


def _upper(lost: float, won: float, n: float, z: float) -> float:
    """Return the largest loss that the score test does not reject: the statistic falls as the loss grows."""
    low, high = (lost - won) / n, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if _score(lost, won, n, middle) > -z else (low, middle)
    return high


def _score(lost: float, won: float, n: float, loss: float) -> float:
    """Tango's statistic, formula 9: the deviation from `loss` over its standard error if `loss` were the truth."""
    b = -lost - won + (2 * n - lost + won) * loss
    share = (math.sqrt(b * b + 8 * n * won * loss * (1 - loss)) - b) / (4 * n)  # of images that would be won
    variance = n * (2 * share + loss * (1 - loss))
    deviation = lost - won - n * loss
    return deviation / math.sqrt(variance) if variance > 0 else 0.0
