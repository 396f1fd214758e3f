"""How good a classifier is, in numbers with intervals.

The definitions are scikit-learn's (a test compares them). Metrics are functions of bootstrap samples (`sample`), so
that thousands of samples cost seconds. Means over classes are over those that the test set has; what has no
denominator is None, not 0.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from darkroom.metrics import classification
from darkroom.metrics.bootstrap import Bootstrap, Estimate, interval, weights
from darkroom.metrics.intervals import Score
from darkroom.metrics.metric_table import CLASS_METRICS, METRICS, Metric
from darkroom.metrics.sample import Predictions, Sample

Function = Callable[[Sample], np.ndarray]


class Scores(NamedTuple):
    """The scores by metric: METRICS, and CLASS_METRICS of each of the k classes."""

    overall: dict[str, Score]
    by_class: list[dict[str, Score]]


def scores(predictions: Predictions, bootstrap: Bootstrap) -> Scores:
    """Compute every metric that the number of classes allows, all from the same bootstrap samples."""
    table = {name: metric for name, metric in METRICS.items() if predictions.k >= metric.least_classes}
    overall, by_class = score_tables(predictions, [table, CLASS_METRICS], bootstrap)
    return Scores(
        {name: score for name, (score,) in overall.items()},
        [{name: scores[i] for name, scores in by_class.items()} for i in range(predictions.k)],
    )


def score_tables(
    predictions: Predictions, tables: Sequence[Mapping[str, Metric]], bootstrap: Bootstrap
) -> list[dict[str, list[Score]]]:
    """Compute tables of metrics from the same bootstrap samples: of each metric one score, or k if it is by class."""
    metrics = [metric for table in tables for metric in table.values()]
    estimates = {metric.function: _unsampled(predictions, metric.function) for metric in metrics}
    if sampled := [metric.function for metric in metrics if metric.interval.of_samples]:
        estimates |= estimate(predictions, sampled, bootstrap)
    return [
        {
            name: with_intervals(metric, predictions, estimates[metric.function], bootstrap.confidence)
            for name, metric in table.items()
        }
        for table in tables
    ]


def class_rows(classes: tuple[str, ...], predictions: Predictions, by_class: list[dict[str, Score]]) -> list[dict]:
    """Write the scores of each class as a row: label, support, and each metric with METRIC_low and METRIC_high."""
    support = classification.class_counts(predictions)
    rows: list[dict[str, Any]] = []
    for i, label in enumerate(classes):
        rows.append({"label": label, "support": int(support[i])})
        for name, score in by_class[i].items():
            rows[i] |= {name: score["value"], f"{name}_low": score["low"], f"{name}_high": score["high"]}
    return rows


def estimate(predictions: Predictions, functions: list[Function], bootstrap: Bootstrap) -> Mapping[Function, Estimate]:
    """Compute functions of a sample, to `(b,)` or `(k, b)`, for the test set and for its bootstrap samples."""
    blocks: dict[Function, list[np.ndarray]] = {function: [] for function in functions}
    for block in weights(predictions.labels, predictions.design, bootstrap):
        sample = Sample(predictions, block)
        for function in blocks:
            blocks[function].append(sample.once(function))
    return {
        f: _unsampled(predictions, f)._replace(samples=np.concatenate(values, axis=-1)) for f, values in blocks.items()
    }


def with_intervals(metric: Metric, predictions: Predictions, estimate: Estimate, confidence: float) -> list[Score]:
    """Return the scores of one metric, k if it is by class, else one; None for what has no value or no interval."""
    ends = metric.interval.ends(predictions, estimate, confidence)
    return [_score(*row) for row in zip(np.atleast_1d(estimate.value), *ends, strict=True)]


def with_percentiles(estimate: Estimate, confidence: float) -> Score:
    """Return one value with the bootstrap percentiles of its samples, as suits a difference."""
    low, high = interval(float(estimate.value), estimate.samples, confidence)
    return {"value": float(estimate.value), "low": low, "high": high}


def _unsampled(predictions: Predictions, function: Function) -> Estimate:
    """The value for the test set, without bootstrap samples."""
    value = predictions.once(_all_images).once(function)[..., 0]
    return Estimate(value, np.empty((*value.shape, 0)))


def _all_images(predictions: Predictions) -> Sample:
    return Sample(predictions, np.ones((predictions.n, 1)))


def _score(*numbers: float) -> Score:
    value, low, high = (None if np.isnan(number) else float(number) for number in numbers)
    return {"value": value, "low": low, "high": high}
