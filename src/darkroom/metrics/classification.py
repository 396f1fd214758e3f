"""Metrics of predicted classes: accuracy, precision, recall, F1.

Definitions as in scikit-learn; macro and weighted means are over the classes that the test set has, and a class that is
never predicted counts there with a precision of 0.
"""

from collections.abc import Callable

import numpy as np

from darkroom.metrics import bootstrap
from darkroom.metrics.sample import Predictions, Sample


def confusion(labels: np.ndarray, predicted: np.ndarray, k: int) -> np.ndarray:
    """Count int64 `(k, k)`: rows labels, columns predictions; `labels` and `predicted` int64 `(n,)` in 0..k-1."""
    return np.bincount(labels * k + predicted, minlength=k * k).reshape(k, k)


def support(predictions: Predictions) -> np.ndarray:
    """Count the images of each class, int64 `(k,)`."""
    return np.bincount(predictions.labels, minlength=predictions.k)


def predicted_count(predictions: Predictions) -> np.ndarray:
    """Count the images that are predicted as each class, int64 `(k,)`."""
    return np.bincount(predictions.predicted, minlength=predictions.k)


def accuracy(sample: Sample) -> np.ndarray:
    return sample.once(_correct).sum(0) / sample.predictions.n


def precision(sample: Sample) -> np.ndarray:
    """By class, `(k, b)`."""
    return _ratio(sample.once(_correct), sample.once(_predicted))


def recall(sample: Sample) -> np.ndarray:
    """By class, `(k, b)`."""
    return _ratio(sample.once(_correct), sample.predictions.once(support)[:, np.newaxis])


def f1(sample: Sample) -> np.ndarray:
    """By class, `(k, b)`."""
    both = sample.once(_predicted) + sample.predictions.once(support)[:, np.newaxis]
    return _ratio(2 * sample.once(_correct), both)


def macro(by_class: Callable[[Sample], np.ndarray]) -> Callable[[Sample], np.ndarray]:
    """Return the metric that is the mean of `by_class` over the classes."""
    return lambda sample: mean(
        np.nan_to_num(sample.once(by_class)), (sample.predictions.once(support) > 0).astype(float)
    )


def weighted(by_class: Callable[[Sample], np.ndarray]) -> Callable[[Sample], np.ndarray]:
    """Return the metric that is the mean of `by_class` over the images, each with the value of its class."""
    return lambda sample: mean(np.nan_to_num(sample.once(by_class)), sample.predictions.once(support).astype(float))


def mean(values: np.ndarray, class_weights: np.ndarray) -> np.ndarray:
    """The mean `(b,)` of the classes' values `(k, b)` by `class_weights` `(k,)`; a weight of 0 leaves a class out.

    NaN where any of the rest is.
    """
    counted = class_weights > 0
    return np.einsum("k,kb->b", class_weights[counted], values[counted]) / class_weights.sum()


def _correct(sample: Sample) -> np.ndarray:
    """The correct predictions of each class, `(k, b)`."""
    return sample.predictions.once(_sum_correct)(sample.weights)


def _predicted(sample: Sample) -> np.ndarray:
    """The predictions of each class, `(k, b)`."""
    return sample.predictions.once(_sum_predicted)(sample.weights)


def _sum_correct(predictions: Predictions) -> Callable[[np.ndarray], np.ndarray]:
    labels, k = predictions.labels, predictions.k
    return bootstrap.group_sums(np.where(labels == predictions.predicted, labels, k), k)


def _sum_predicted(predictions: Predictions) -> Callable[[np.ndarray], np.ndarray]:
    return bootstrap.group_sums(predictions.predicted, predictions.k)


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """float64, NaN where the denominator is 0."""
    positive = np.broadcast_to(denominator, numerator.shape) > 0
    return np.divide(numerator, denominator, out=np.full(numerator.shape, np.nan), where=positive)
