"""Metrics of the probabilities themselves: log loss, Brier score, top-k accuracy, calibration error.

Definitions as in scikit-learn, which has no calibration error: that one is Guo et al.'s (2017), with the
probability of the predicted class in bins of equal width.
"""

from collections.abc import Callable

import numpy as np

from darkroom.metrics import bootstrap
from darkroom.metrics.sample import Predictions, Sample, size

BINS = 15  # between 0 and 1, each closed on the right, as in Guo et al.
DRAWS = 8 * bootstrap.BLOCK  # of labels for a perfectly calibrated model


def log_loss(sample: Sample) -> np.ndarray:
    return sample.mean(log_losses)


def brier(sample: Sample) -> np.ndarray:
    """The mean squared distance of the probabilities to the label (Brier 1950), halved for two classes."""
    return sample.mean(_squared_distances)


def top_3_accuracy(sample: Sample) -> np.ndarray:
    return sample.mean(in_top_3)


def top_5_accuracy(sample: Sample) -> np.ndarray:
    return sample.mean(in_top_5)


def ece(sample: Sample) -> np.ndarray:
    """The expected calibration error: how far confidence and accuracy are apart in each bin, weighted by its images."""
    predictions = sample.predictions
    excess = predictions.once(_excess)[:, np.newaxis]
    return np.abs(predictions.once(_sum_bins)(sample.weights * excess)).sum(0) / sample.once(size)


def ece_by_chance(sample: Sample) -> np.ndarray:
    """The mean of `eces_by_chance`: a property of the test set, the same in every sample."""
    return np.full(sample.weights.shape[1], sample.predictions.once(eces_by_chance).mean())


def eces_by_chance(predictions: Predictions) -> np.ndarray:
    """float64 `(DRAWS,)`: the ECE that a perfectly calibrated model with the same confidences shows by chance.

    Each draw decides anew which predictions are correct, each with its confidence as the probability; those of a
    cluster are correct together, as far as their confidences allow. Bröcker and Smith (2007) draw likewise.
    """
    confidence, design = predictions.probabilities.max(1, keepdims=True), predictions.design
    rng, sums = np.random.default_rng(0), predictions.once(_sum_bins)

    def draw() -> np.ndarray:
        correct = rng.random((design.n_clusters, bootstrap.BLOCK), np.float32)[design.cluster_of] < confidence
        return np.abs(sums(confidence - correct)).sum(0) / predictions.n

    return np.concatenate([draw() for _ in range(DRAWS // bootstrap.BLOCK)])


def in_top_3(predictions: Predictions) -> np.ndarray:
    """bool `(n,)`: whether the label is among the three most probable classes."""
    return predictions.once(_label_ranks) < 3


def in_top_5(predictions: Predictions) -> np.ndarray:
    """bool `(n,)`: whether the label is among the five most probable classes."""
    return predictions.once(_label_ranks) < 5


def worst_brier(k: int) -> float:
    """The Brier score of a model of k classes that is certain and always wrong."""
    return 1.0 if k == 2 else 2.0


def log_losses(predictions: Predictions) -> np.ndarray:
    """float64 `(n,)`: minus the log of the probability of the label, clipped as scikit-learn's log_loss does."""
    of_label = predictions.probabilities[np.arange(predictions.n), predictions.labels].astype(np.float64)
    epsilon = np.finfo(np.float64).eps
    return -np.log(np.clip(of_label, epsilon, 1 - epsilon))


def bins(probabilities: np.ndarray) -> np.ndarray:
    """int64 `(n,)`: the bin in which the largest probability of each row lies."""
    return np.clip(np.ceil(probabilities.max(1).astype(np.float64) * BINS) - 1, 0, BINS - 1).astype(np.int64)


def _squared_distances(predictions: Predictions) -> np.ndarray:
    k = predictions.k
    distances = ((predictions.probabilities.astype(np.float64) - np.eye(k)[predictions.labels]) ** 2).sum(1)
    return distances / 2 if k == 2 else distances


def _label_ranks(predictions: Predictions) -> np.ndarray:
    """int64 `(n,)`: how many classes come before the label; of equal ones the first does, as in argmax."""
    labels, probabilities = predictions.labels, predictions.probabilities
    of_label = probabilities[np.arange(predictions.n), labels][:, np.newaxis]
    earlier = np.arange(predictions.k) < labels[:, np.newaxis]
    return ((probabilities > of_label) | ((probabilities == of_label) & earlier)).sum(1)


def _excess(predictions: Predictions) -> np.ndarray:
    """float64 `(n,)`: the confidence of each prediction, less 1 where it is correct."""
    return predictions.probabilities.max(1).astype(np.float64) - (predictions.once(_label_ranks) == 0)


def _sum_bins(predictions: Predictions) -> Callable[[np.ndarray], np.ndarray]:
    return bootstrap.group_sums(bins(predictions.probabilities), BINS)
