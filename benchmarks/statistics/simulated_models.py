"""Simulated models that err on the same images more often than chance, as trained networks do.

An image has a difficulty, and a model is right where difficulty and its own noise stay below a threshold. Images of one
cluster share a part of both. The errors of two models are correlated by 0.51 at an accuracy of 0.90; those of the
digits' cnn and mobilenet by 0.37.
"""

import numpy as np
from scipy.special import log_ndtr, ndtri
from scipy.stats import multivariate_normal

SHARED = 0.8  # the part of the variance that models share: errors correlated by 0.51 at an accuracy of 0.90


def obstacles(rng: np.random.Generator, models: int, clusters: np.ndarray, within: float = 0.0) -> np.ndarray:
    """Return what stands in the way of each model at each image, standard normal `(models, n)`.

    `clusters` int64 `(n,)`, numbered from 0; images of one are correlated by `within`.
    """
    difficulty, noise = (_clustered(rng, count, clusters, within) for count in (1, models))
    return SHARED**0.5 * difficulty + (1 - SHARED) ** 0.5 * noise


def is_right(obstacles: np.ndarray, recall: np.ndarray | float) -> np.ndarray:
    """Where the models are right, bool `(models, n)`: each by a chance of `recall`, of that shape or less."""
    return obstacles < ndtri(recall)


def log_loss(obstacles: np.ndarray, recall: np.ndarray | float) -> np.ndarray:
    """Return the log loss `(models,)` of models that give the label the more probability the smaller the obstacle."""
    return -log_ndtr(ndtri(recall) - obstacles).mean(-1)


def both_right(a: float, b: float) -> float:
    """Return the chance that models of the accuracies `a` and `b` are both right."""
    return float(multivariate_normal([0, 0], [[1, SHARED], [SHARED, 1]]).cdf(ndtri([a, b])))


def _clustered(rng: np.random.Generator, count: int, clusters: np.ndarray, within: float) -> np.ndarray:
    own = rng.standard_normal((count, len(clusters)))
    if not within:
        return own
    together = rng.standard_normal((count, int(clusters.max()) + 1))[:, clusters]
    return within**0.5 * together + (1 - within) ** 0.5 * own
