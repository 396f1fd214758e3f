"""How good a classifier is, in numbers with intervals.

The definitions are scikit-learn's (a test compares them). Metrics are functions of bootstrap samples (`sample`), so
that thousands of samples cost seconds. Means over classes are over those that the test set has; what has no
denominator is None, not 0.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from darkroom.metrics import classification, intervals
from darkroom.metrics.bootstrap import Bootstrap, interval, weights
from darkroom.metrics.intervals import Score
from darkroom.metrics.metric_table import CLASS_METRICS, METRICS, Metric
from darkroom.metrics.sample import Predictions, Sample

Function = Callable[[Sample], np.ndarray]


class Estimate(NamedTuple):
    """A metric of the test set, float64 `()` or by class `(k,)`, and of bootstrap samples, with an axis more."""

    value: np.ndarray
    samples: np.ndarray

    def of_class(self, i: int) -> "Estimate":
        return Estimate(self.value[i], self.samples[i])


class Scores(NamedTuple):
    """The scores by metric: METRICS, and CLASS_METRICS of each of the k classes."""

    overall: dict[str, Score]
    by_class: list[dict[str, Score]]


def scores(predictions: Predictions, bootstrap: Bootstrap) -> Scores:
    """Compute every metric that the number of classes allows, all from the same bootstrap samples.

    Where all images are right, or none is, the bootstrap has nothing to vary: then a fraction of images has the exact
    binomial end (Clopper and Pearson 1934), and what is none, such as an area under a curve, has no interval. Likewise,
    with Wilson's ends, where that is so class by class.
    """
    table = {name: metric for name, metric in METRICS.items() if predictions.k >= metric.least_classes}
    estimates = estimate(
        predictions, [metric.function for metric in [*table.values(), *CLASS_METRICS.values()]], bootstrap
    )
    overall = {
        name: with_interval(estimates[metric.function], bootstrap.confidence, int(_images(metric, predictions)[0]))
        for name, metric in table.items()
    }
    images = {name: _images(metric, predictions) for name, metric in CLASS_METRICS.items()}
    by_class = [
        {
            name: with_interval(estimates[metric.function].of_class(i), bootstrap.confidence, int(images[name][i]))
            for name, metric in CLASS_METRICS.items()
        }
        for i in range(predictions.k)
    ]
    return Scores(overall, by_class)


def class_rows(classes: tuple[str, ...], predictions: Predictions, by_class: list[dict[str, Score]]) -> list[dict]:
    """Write the scores of each class as a row: label, support, and each metric with METRIC_low and METRIC_high."""
    support = classification.support(predictions)
    rows: list[dict[str, Any]] = []
    for i, label in enumerate(classes):
        rows.append({"label": label, "support": int(support[i])})
        for name, score in by_class[i].items():
            rows[i] |= {name: score["value"], f"{name}_low": score["low"], f"{name}_high": score["high"]}
    return rows


def estimate(predictions: Predictions, functions: list[Function], bootstrap: Bootstrap) -> Mapping[Function, Estimate]:
    """Compute functions of a sample, to `(b,)` or `(k, b)`, for the test set and for its bootstrap samples."""
    all_images = Sample(predictions, np.ones((predictions.n, 1)))
    blocks: dict[Function, list[np.ndarray]] = {function: [] for function in functions}
    for block in weights(predictions.labels, bootstrap):
        sample = Sample(predictions, block)
        for function in blocks:
            blocks[function].append(sample.once(function))
    return {f: Estimate(all_images.once(f)[..., 0], np.concatenate(values, axis=-1)) for f, values in blocks.items()}


def with_interval(estimate: Estimate, confidence: float, images: int) -> Score:
    """Return `{value, low, high}` of one value and its samples `(resamples,)`.

    `images` is the number of images that the value is a fraction of, 0 where it is no fraction of images.
    """
    if np.isnan(estimate.value):
        return {"value": None, "low": None, "high": None}
    value = float(estimate.value)
    low, high = interval(value, estimate.samples, confidence)
    if low == high:
        low, high = _exact(value, confidence, images)
    return {"value": value, "low": low, "high": high}


def _images(metric: Metric, predictions: Predictions) -> np.ndarray:
    """How many images the metric is a fraction of, `(1,)` or `(k,)`; 0 where it is no fraction of images."""
    return np.zeros(predictions.k, int) if metric.images is None else np.atleast_1d(metric.images(predictions))


def _exact(value: float, confidence: float, images: int) -> tuple[float, float] | tuple[None, None]:
    if not images:
        return None, None
    if value not in (0, 1):  # all of some classes are right and none of the others
        return intervals.wilson(round(value * images), images, confidence)
    end = ((1 - confidence) / 2) ** (1 / images)
    return (end, 1.0) if value == 1 else (0.0, 1 - end)
