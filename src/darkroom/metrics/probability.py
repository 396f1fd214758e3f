"""How good the probabilities themselves are: log loss, Brier score, top-k, calibration error.

Definitions as in scikit-learn, which has no calibration error: that one is Guo et al.'s (2017), with the
probability of the predicted class in bins of equal width.
"""

from collections.abc import Callable

import numpy as np

from darkroom.metrics import bootstrap
from darkroom.metrics.classification import Samples

BINS = 15  # between 0 and 1, each closed on the right, as in Guo et al.
TOPS = 3, 5  # the truth is among so many likeliest classes; told where there are more classes than that


def statistic(labels: np.ndarray, probabilities: np.ndarray) -> Callable[[np.ndarray], Samples]:
    """What turns weights `(n, b)` into the metrics, `(b,)` each; `probabilities` float `(n, k)`."""
    n, k = probabilities.shape
    rank = places(labels, probabilities)
    tops = {f"top_{top}_accuracy": (rank < top).astype(np.float64) for top in TOPS if top < k}
    means = {"log_loss": log_losses(labels, probabilities), "brier": brier(labels, probabilities), **tops}
    excess = probabilities.max(1).astype(np.float64) - (rank == 0)
    in_bins = bootstrap.totals(bins(probabilities), BINS)

    def of(weights: np.ndarray) -> Samples:
        found = {name: np.einsum("n,nb->b", values, weights) / n for name, values in means.items()}
        return {**found, "ece": np.abs(in_bins(weights * excess[:, np.newaxis])).sum(0) / n}

    return of


def log_losses(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """float64 `(n,)`: minus the log of the probability given to the truth, clipped as scikit-learn's log_loss does."""
    given = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    tiny = np.finfo(np.float64).eps
    return -np.log(np.clip(given, tiny, 1 - tiny))


def brier(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """float64 `(n,)`: squared distance to the truth (Brier 1950), halved for two classes."""
    k = probabilities.shape[1]
    distances = ((probabilities.astype(np.float64) - np.eye(k)[labels]) ** 2).sum(1)
    return distances / 2 if k == 2 else distances


def places(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """int64 `(n,)`: how many classes stand before the truth; of equal ones the first does, as in argmax."""
    given = probabilities[np.arange(len(labels)), labels][:, np.newaxis]
    earlier = np.arange(probabilities.shape[1]) < labels[:, np.newaxis]
    return ((probabilities > given) | ((probabilities == given) & earlier)).sum(1)


def bins(probabilities: np.ndarray) -> np.ndarray:
    """int64 `(n,)`: the bin in which the largest probability of each row lies."""
    return np.clip(np.ceil(probabilities.max(1).astype(np.float64) * BINS) - 1, 0, BINS - 1).astype(np.int64)
