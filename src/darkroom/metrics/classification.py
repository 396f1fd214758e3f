"""Metrics of predicted classes: accuracy, precision, recall, F1.

Definitions as in scikit-learn; macro and weighted means are over the classes that the test set has, and a class that is
never predicted counts there with a precision of 0.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from darkroom.metrics import bootstrap
from darkroom.metrics.sample import Predictions, Sample, size

Sums = Callable[[np.ndarray], np.ndarray]


def confusion(labels: np.ndarray, predicted: np.ndarray, k: int) -> np.ndarray:
    """Count int64 `(k, k)`: rows labels, columns predictions; `labels` and `predicted` int64 `(n,)` in 0..k-1."""
    return np.bincount(labels * k + predicted, minlength=k * k).reshape(k, k)


def class_counts(predictions: Predictions) -> np.ndarray:
    """Count the images of each class, int64 `(k,)`."""
    return np.bincount(predictions.labels, minlength=predictions.k)


def predicted_counts(predictions: Predictions) -> np.ndarray:
    """Count the images that are predicted as each class, int64 `(k,)`."""
    return np.bincount(predictions.predicted, minlength=predictions.k)


def accuracy(sample: Sample) -> np.ndarray:
    return sample.once(_correct).sum(0) / sample.once(size)


def precision(sample: Sample) -> np.ndarray:
    """By class, `(k, b)`."""
    return _ratio(sample.once(_correct), sample.once(_predicted))


def recall(sample: Sample) -> np.ndarray:
    """By class, `(k, b)`."""
    return _ratio(sample.once(_correct), sample.once(support))


def f1(sample: Sample) -> np.ndarray:
    """By class, `(k, b)`."""
    return _ratio(2 * sample.once(_correct), sample.once(_predicted) + sample.once(support))


def macro(by_class: Callable[[Sample], np.ndarray]) -> Callable[[Sample], np.ndarray]:
    """Return the metric that is the mean of `by_class` over the classes that a sample has."""
    return lambda sample: mean(np.nan_to_num(sample.once(by_class)), (sample.once(support) > 0).astype(float))


def weighted(by_class: Callable[[Sample], np.ndarray]) -> Callable[[Sample], np.ndarray]:
    """Return the metric that is the mean of `by_class` over the images, each with the value of its class."""
    return lambda sample: mean(np.nan_to_num(sample.once(by_class)), sample.once(support))


def mean(values: np.ndarray, class_weights: np.ndarray) -> np.ndarray:
    """The mean `(b,)` of the classes' values by `class_weights`, `(k, b)` both; a weight of 0 leaves a class out.

    NaN where any of the rest is.
    """
    return np.where(class_weights > 0, class_weights * values, 0.0).sum(0) / class_weights.sum(0)


def support(sample: Sample) -> np.ndarray:
    """The images of each class, `(k, b)`."""
    return sample.predictions.once(_cells).by_label(sample.once(_cell_sums))


def _correct(sample: Sample) -> np.ndarray:
    """The correct predictions of each class, `(k, b)`."""
    return sample.predictions.once(_cells).correct(sample.once(_cell_sums))


def _predicted(sample: Sample) -> np.ndarray:
    """The predictions of each class, `(k, b)`."""
    return sample.predictions.once(_cells).by_prediction(sample.once(_cell_sums))


class _Cells(NamedTuple):
    """The c cells of the confusion matrix that hold an image, each as a sum of weights."""

    of_images: Sums  # of weights (n, b), to (c, b)
    by_label: Sums  # of cells (c, b), to (k, b), and so on
    by_prediction: Sums
    correct: Sums


def _cells(predictions: Predictions) -> _Cells:
    k = predictions.k
    cells, of_image = np.unique(predictions.labels * k + predictions.predicted, return_inverse=True)
    labels, predicted = np.divmod(cells, k)
    return _Cells(
        bootstrap.group_sums(of_image, len(cells)),
        bootstrap.group_sums(labels, k),
        bootstrap.group_sums(predicted, k),
        bootstrap.group_sums(np.where(labels == predicted, labels, k), k),
    )


def _cell_sums(sample: Sample) -> np.ndarray:
    return sample.predictions.once(_cells).of_images(sample.weights)


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """float64, NaN where the denominator is 0."""
    positive = np.broadcast_to(denominator, numerator.shape) > 0
    return np.divide(numerator, denominator, out=np.full(numerator.shape, np.nan), where=positive)
