"""What one error weighs in each metric: which shares of images it is made of, and how far an error moves it.

`effective_size` supposes some such errors beside those that were seen.
"""

import numpy as np

from darkroom.metrics import effective_size, probability
from darkroom.metrics.effective_size import Shares, Supposed
from darkroom.metrics.sample import Predictions


def correct(predictions: Predictions) -> Shares:
    """Of all images, those with a correct prediction."""
    return _all(predictions.predicted == predictions.labels)


def correct_by_label(predictions: Predictions) -> Shares:
    return Shares(predictions.predicted == predictions.labels, predictions.labels, predictions.k)


def correct_by_prediction(predictions: Predictions) -> Shares:
    return Shares(predictions.predicted == predictions.labels, predictions.predicted, predictions.k)


def in_top_3(predictions: Predictions) -> Shares:
    return _all(predictions.once(probability.in_top_3))


def in_top_5(predictions: Predictions) -> Shares:
    return _all(predictions.once(probability.in_top_5))


def any_image(predictions: Predictions) -> Supposed:
    """An error in any image weighs the same, and a metric may vary less than a share of images."""
    everything = np.zeros(predictions.n, np.int64)
    return Supposed(1 / effective_size.independent_images(everything, 1, predictions.design))


def any_image_at_most_all(predictions: Predictions) -> Supposed:
    return any_image(predictions)._replace(most=predictions.n)


def classes(predictions: Predictions) -> Supposed:
    """An error weighs the more, the fewer images its class has; images of all classes err equally often."""
    images = _class_images(predictions)
    present = images[images > 0]
    k = len(present)
    return Supposed(np.array([(1 / present).sum() / k**2]), k, predictions.n)


def f1_of_class(predictions: Predictions) -> Supposed:
    """F1 is the share of correct ones among the images of the class and those that are predicted as it, together."""
    by_prediction = effective_size.independent_images(predictions.predicted, predictions.k, predictions.design)
    with np.errstate(divide="ignore"):
        return Supposed(1 / (_class_images(predictions) + by_prediction))


def area_of_class(predictions: Predictions) -> Supposed:
    """An area compares two kinds of images; the variance of a share of the rarer kind bounds its own.

    (Birnbaum and Klose 1957.)
    """
    images = _class_images(predictions)
    with np.errstate(divide="ignore"):
        return Supposed(1 / np.minimum(images, images.sum() - images))


def areas(predictions: Predictions) -> Supposed:
    weights = area_of_class(predictions).weight
    present = weights[np.isfinite(weights)]
    return Supposed(np.array([present.sum() / max(len(present), 1) ** 2]), len(present))


def _all(hits: np.ndarray) -> Shares:
    return Shares(hits, np.zeros(len(hits), np.int64), 1)


def _class_images(predictions: Predictions) -> np.ndarray:
    """For how many independent images those of each class count, `(k,)`."""
    return effective_size.independent_images(predictions.labels, predictions.k, predictions.design)
