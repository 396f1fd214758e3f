"""Test sets that might have been: bootstrap samples, and the intervals they give.

Each sample draws as many pictures of every class as the test set has of it (stratified), because the class
counts of a test set are chosen and not found. So no sample ever lacks a class.
The interval is the percentile interval of Efron (1979).
"""

from collections.abc import Iterator

import numpy as np


def samples(labels: np.ndarray, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """`resamples` times int64 `(n,)`: rows of the test set with labels int64 `(n,)`, drawn with replacement."""
    rng = np.random.default_rng(seed)
    order = np.argsort(labels, kind="stable")
    _, first, size = np.unique(labels[order], return_index=True, return_counts=True)
    first, size = np.repeat(first, size), np.repeat(size, size)
    for _ in range(resamples):
        yield order[first + (rng.random(len(labels)) * size).astype(np.int64)]


def interval(values: np.ndarray, confidence: float) -> tuple[float, float]:
    """The middle `confidence` of the values float64 `(resamples,)`."""
    low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
