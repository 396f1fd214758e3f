"""Of how many independent images a number speaks, so that Wilson's interval can be asked for that many.

A share of images has the variance p (1 - p) / n. Clusters of images, and means over classes, have another; the size at
which a share would have it is their effective size, p (1 - p) / variance (Kish 1965; Korn and Graubard 1998 use it in
intervals of surveys). But where few errors were seen, their variance is hardly known, and it is zero where none was.
So some errors are supposed beside those that were seen, each with the weight that an error has on average:

    size = (p (1 - p) + supposed x weight) / (variance + supposed x weight^2)

Without an error this is 1 / weight, and for independent images, each of weight 1 / n, it is n whatever was seen.
Wilson's own interval supposes z^2 images, so that many errors are supposed: with fewer than z^2 / 2 the low end could
rise as errors are added. A mean over k classes supposes at least one error of each, because the weights of its errors
may differ by up to a factor of k.
"""

from typing import NamedTuple

import numpy as np

from darkroom.metrics.design import Design
from darkroom.metrics.intervals import Score, quantile, wilson_ends

CORRELATION = 0.5  # supposed in a cluster: half-way between independent images and copies of one


class Shares(NamedTuple):
    """Shares of images, one of each group."""

    hits: np.ndarray  # bool (n,)
    groups: np.ndarray  # int64 (n,), 0 to k - 1
    k: int


class Supposed(NamedTuple):
    """What is supposed of a metric's errors before any was seen."""

    weight: np.ndarray  # (1,) or by class (k,): how far one error moves the metric, on average
    classes: int = 1  # that the metric is a mean of
    most: np.ndarray | float = np.inf  # images: it never speaks of more


def effective_size(value: np.ndarray, variance: np.ndarray, supposed: Supposed, confidence: float) -> np.ndarray:
    """Return the effective size of metrics between 0 and 1, in images, from the variance of each; the same shape."""
    errors = max(quantile(confidence) ** 2, supposed.classes)
    with np.errstate(divide="ignore", invalid="ignore"):  # a class without an image
        size = (value * (1 - value) + errors * supposed.weight) / (variance + errors * supposed.weight**2)
    return np.minimum(size, supposed.most)


def of_shares(shares: Shares, design: Design, confidence: float) -> np.ndarray:
    """Return the effective size of each share, `(k,)`: its number of images where they are independent.

    The variance is that of a ratio of sums over clusters (Cochran 1977, 6.3). 0 where a group has no image.
    """
    group, images, hits = _by_cluster(shares, design)
    n = np.bincount(group, images, shares.k)
    value = _divide(np.bincount(group, hits, shares.k), n)
    variance = _divide(np.bincount(group, (hits - value[group] * images) ** 2, shares.k), n**2)
    weight = _divide(1, independent_images(shares.groups, shares.k, design))
    size = effective_size(value, variance, Supposed(weight, most=n), confidence)
    return np.where(n > 0, size, 0.0)


def independent_images(groups: np.ndarray, k: int, design: Design) -> np.ndarray:
    """Return for how many independent images those of each group count, `(k,)`, at the supposed CORRELATION.

    `groups` int64 `(n,)`. The number of images by Kish's design effect, 1 + (size of a cluster - 1) x correlation.
    """
    group, images, _ = _by_cluster(Shares(groups, groups, k), design)
    n = np.bincount(group, images, k)
    mean_cluster = _divide(np.bincount(group, images**2, k), n)  # of the images, not of the clusters
    return n / (1 + CORRELATION * np.fmax(mean_cluster - 1, 0))


def share(hits: np.ndarray, clusters: np.ndarray, confidence: float) -> Score:
    """Return the share of `hits` bool `(n,)` with Wilson's interval at the effective size; all None when n is 0."""
    if not len(hits):
        return {"value": None, "low": None, "high": None}
    size = of_shares(Shares(hits, np.zeros(len(hits), np.int64), 1), Design(clusters, given=False), confidence)
    low, high = wilson_ends(np.array([hits.mean()]), size, confidence)
    return {"value": float(hits.mean()), "low": float(low[0]), "high": float(high[0])}


def _by_cluster(shares: Shares, design: Design) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The group, the images and the hits of each cluster of each group: int64 and float64 `(c,)`."""
    pairs, of_image = np.unique(shares.groups * design.n_clusters + design.cluster_of, return_inverse=True)
    return pairs // design.n_clusters, np.bincount(of_image).astype(float), np.bincount(of_image, shares.hits)


def _divide(a: np.ndarray | float, b: np.ndarray) -> np.ndarray:
    """NaN or infinity where the denominator is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return a / b
