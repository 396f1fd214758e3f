"""Bootstrap samples of a test set, and the confidence intervals they give.

Each sample draws as many clusters as the test set has, whole ones, because images of one cluster are not independent
(`design`). Where the user gave the test set it draws within the classes, whose counts were chosen and not found: a
cluster counts with the class of its first image. So the size of a sample varies where clusters differ in size, and a
sample of a drawn test set may lack a class.
A sample is held as weights, how often it drew each image, so that a metric of a thousand samples is a few sums.
They are NumPy's own and not those of BLAS, whose threads cost fifty times the work where other processes have the
processors (measured).
The interval of a difference is the bias-corrected percentile interval of Efron (1981). Scores have others
(`metric_intervals`), because percentiles are too narrow where few errors were seen.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from darkroom.metrics.design import Design

NORMAL = NormalDist()
BLOCK = 64  # samples at a time: sums over so many neighbours are quickest (measured), and memory stays small


@dataclass(frozen=True)
class Bootstrap:
    """How many samples to draw, at which confidence their intervals are (0.95 for 95 %), and the seed of the draws."""

    resamples: int
    confidence: float
    seed: int


class Estimate(NamedTuple):
    """A metric of the test set, float64 `()` or by class `(k,)`, and of bootstrap samples, with an axis more."""

    value: np.ndarray
    samples: np.ndarray

    @property
    def variance(self) -> np.ndarray:
        """The variance of the samples, in the shape of `value`; samples in which the metric is NaN are left out."""
        valid = ~np.isnan(self.samples)
        with np.errstate(invalid="ignore"):
            mean = np.sum(self.samples, -1, where=valid) / valid.sum(-1)
            return np.sum((self.samples - mean[..., np.newaxis]) ** 2, -1, where=valid) / valid.sum(-1)


def weights(labels: np.ndarray, design: Design, bootstrap: Bootstrap) -> Iterator[np.ndarray]:
    """Yield blocks float32 `(n, b)`, `bootstrap.resamples` columns in all: how often each sample drew each image.

    `labels` int64 `(n,)`. The draws do not depend on the size of a block.
    """
    rng, strata = np.random.default_rng(bootstrap.seed), _strata(labels, design)
    g, order = len(strata), np.argsort(strata, kind="stable")
    _, first, size = np.unique(strata[order], return_index=True, return_counts=True)
    first, size = np.repeat(first, size), np.repeat(size, size)
    for start in range(0, bootstrap.resamples, BLOCK):
        b = min(BLOCK, bootstrap.resamples - start)
        rows = order[first + (rng.random((b, g)) * size).astype(np.int64)]
        counts = np.bincount((rows + g * np.arange(b)[:, np.newaxis]).ravel(), minlength=b * g)
        yield counts.reshape(b, g).T.astype(np.float32, order="C")[design.cluster_of]


def _strata(labels: np.ndarray, design: Design) -> np.ndarray:
    """int64 `(g,)`: clusters with one number are drawn for one another."""
    _, first_images = np.unique(design.cluster_of, return_index=True)
    return labels[first_images] if design.given else np.zeros_like(first_images)


def group_sums(groups: np.ndarray, count: int) -> Callable[[np.ndarray], np.ndarray]:
    """Return the function from weights `(n, b)` to the sum of each group, float64 `(count, b)`.

    `groups` int64 `(n,)`, 0 or more; numbers from `count` on are left out.
    """
    rows = np.argsort(groups, kind="stable")
    present, firsts = np.unique(groups[rows], return_index=True)
    height = max(count, present[-1] + 1)

    def sums(weights: np.ndarray) -> np.ndarray:
        result = np.zeros((height, weights.shape[1]))
        result[present] = np.add.reduceat(weights[rows], firsts)
        return result[:count]

    return sums


def interval(value: float, samples: np.ndarray, confidence: float) -> tuple[float, float] | tuple[None, None]:
    """Return the interval of `value` from its samples `(resamples,)`.

    NaN, a sample without a denominator, is left out; two None where no sample is left. The interval always holds the
    value, which the correction of a strong bias would otherwise push out.
    """
    valid = samples[~np.isnan(samples)]
    if not len(valid):
        return None, None
    below = ((valid < value).mean() + (valid <= value).mean()) / 2
    shift = NORMAL.inv_cdf(min(max(below, 1 / len(samples)), 1 - 1 / len(samples)))
    reach = NORMAL.inv_cdf((1 + confidence) / 2)
    low, high = np.quantile(valid, [NORMAL.cdf(2 * shift - reach), NORMAL.cdf(2 * shift + reach)])
    return float(min(low, value)), float(max(high, value))
