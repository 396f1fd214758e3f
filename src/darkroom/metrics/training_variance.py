"""How far a result reaches that owes to chance in the test images and to chance in training.

Both count: another draw of the training images and another seed give another model (Dietterich 1998; Bouthillier et
al. 2021). The variance of the test images is known well, that of training from a few trainings only, so the interval
is Student's with the degrees of freedom of Welch (1947) and Satterthwaite (1946). The price: from three trainings it
is up to twice as wide as from many.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from darkroom.metrics.intervals import quantile


class TrainingVariance(NamedTuple):
    """The variance of a metric between `trainings` of a recipe, 2 or more, and how often it counts in the result."""

    variance: float
    trainings: int
    weight: float = 1.0


class Reach(NamedTuple):
    """Half the width of an interval, and its degrees of freedom; None where only the test images add variance."""

    length: float
    df: float | None


def reach(standard_error: float, parts: Sequence[TrainingVariance], confidence: float) -> Reach:
    """Return the reach of a result whose standard error on the test images, trainings apart, is `standard_error`."""
    from scipy.stats import t  # over a second to import

    weighted = [part.weight * part.variance for part in parts]
    variance = standard_error**2 + sum(weighted)
    uncertainty = sum(w * w / (part.trainings - 1) for w, part in zip(weighted, parts, strict=True))
    if not uncertainty:
        return Reach(quantile(confidence) * math.sqrt(variance), None)
    df = variance**2 / uncertainty
    return Reach(float(t.ppf((1 + confidence) / 2, df)) * math.sqrt(variance), df)
