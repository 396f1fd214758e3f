"""The temperature of a model: one number, fitted on the validation images, by which all its logits are divided.

Above 1 the model is overconfident, below 1 underconfident. The best temperature has the lowest log loss (Guo et al.
2017). The loss is convex in 1 / temperature, so its slope rises and the best temperature is where it changes sign. The
slope of a bootstrap sample is a sum over its images: computed once at each of INVERSES, two thousand samples cost one
pass over them (0.3 s for 2,000 images of 10 classes) instead of two thousand fits. The price: between two of INVERSES
the slope counts as straight, which moves the temperature of a sample by at most 0.3 %.

A handful of errors decides the temperature of an accurate model, and it may do more harm than good. Where the truth is
1, one fit in twenty raises the log loss on new images by 14 to 77 % with 1 or 2 errors, by 8 to 12 % with 3 to 9, and
by at most 4 % from 10 errors on (benchmarks/statistics/temperatures.py). So none is fitted to fewer. The price: a model
that makes so few errors, with logits half as large again as they should be, keeps the 13 % of log loss that a fit would
save on average.
"""

from typing import NamedTuple

import numpy as np

from darkroom.evaluation_folder import TemperatureFit
from darkroom.inference import scaling
from darkroom.metrics import metrics
from darkroom.metrics.bootstrap import Bootstrap, interval
from darkroom.metrics.sample import Predictions, Sample

RANGE = 0.05, 20.0  # of a temperature
LEAST_ERRORS = 10
INVERSES = np.geomspace(1 / RANGE[1], 1 / RANGE[0], 64)
HALVINGS = 45  # of the logarithm of RANGE: 2e-13 are left


class Temperature(NamedTuple):
    value: float  # 1 where it was not fitted
    low: float | None
    high: float | None
    fit: TemperatureFit
    errors: int  # on the validation images; those of one cluster count once


def fit(val: Predictions, bootstrap: Bootstrap) -> Temperature:
    """Fit the temperature on `val`, with the interval from bootstrap samples of it; 1 where the errors are too few."""
    errors = count_errors(val)
    if errors < LEAST_ERRORS:
        return Temperature(1.0, None, None, "too few errors", errors)
    value = best(val)
    low, high = interval(value, of_samples(val, bootstrap), bootstrap.confidence)
    return Temperature(value, low, high, "end of range" if np.isclose(value, RANGE).any() else "fitted", errors)


def best(val: Predictions) -> float:
    """Return the temperature with the lowest log loss, within RANGE, however few errors there are."""
    low, high = np.log(INVERSES[[0, -1]])
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        rising = _slope(val, np.exp(middle)).sum() > 0
        low, high = (low, middle) if rising else (middle, high)
    return float(np.exp(-low))


def of_samples(val: Predictions, bootstrap: Bootstrap) -> np.ndarray:
    """Return the best temperature of each bootstrap sample of `val`, float64 `(resamples,)`."""
    return _roots(metrics.estimate(val, [_sum_slopes], bootstrap)[_sum_slopes].samples)


def count_errors(val: Predictions) -> int:
    """Return the number of errors, those in one cluster counted once: they are one piece of evidence."""
    return len(np.unique(val.design.clusters[val.predicted != val.labels]))


def _slope(predictions: Predictions, inverse: float) -> np.ndarray:
    """float64 `(n,)`: the derivative of the log loss of each image by 1 / temperature, at `inverse`.

    It is the mean logit, each class weighted with its probability at this temperature, less that of the label.
    """
    logits = predictions.once(_val_logits)
    weights = np.exp(inverse * logits)
    mean = (weights * logits).sum(1) / weights.sum(1)
    return mean - logits[np.arange(predictions.n), predictions.labels]


def _val_logits(predictions: Predictions) -> np.ndarray:
    return scaling.logits(predictions.probabilities)


def _slopes(predictions: Predictions) -> np.ndarray:
    """float64 `(n, 64)`: the slope of each image at each of INVERSES."""
    return np.stack([_slope(predictions, inverse) for inverse in INVERSES], axis=1)


def _sum_slopes(sample: Sample) -> np.ndarray:
    """float64 `(64, b)`: the slope of each sample at each of INVERSES."""
    return np.einsum("ng,nb->gb", sample.predictions.once(_slopes), sample.weights)


def _roots(slopes: np.ndarray) -> np.ndarray:
    """float64 `(b,)`: the temperature at which each column of `slopes` `(64, b)` changes sign; else an end of RANGE."""
    after = np.clip((slopes < 0).sum(0), 1, len(slopes) - 1)
    columns = np.arange(slopes.shape[1])
    below, above = slopes[after - 1, columns], slopes[after, columns]
    part = np.divide(below, below - above, out=np.zeros_like(below), where=below != above).clip(0, 1)
    return 1 / (INVERSES[after - 1] ** (1 - part) * INVERSES[after] ** part)
