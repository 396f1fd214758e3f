"""Is a model that gives 0.9 right nine times out of ten, and does temperature scaling help?

The temperature is fitted on the validation images and judged on the test images: the same bootstrap samples score the
model before and after scaling, so the interval of the change is that of pairs. Scaling changes no predicted class and
no saved model; `darkroom predict --calibrated` applies it. The price: one number cannot help a model that is
overconfident about one class and underconfident about another.
"""

import numpy as np

from darkroom.evaluate import temperature
from darkroom.evaluation_folder import Bin, Calibration, Effect, Scores
from darkroom.inference import scaling
from darkroom.metrics import effective_size, metrics, probability
from darkroom.metrics.bootstrap import Bootstrap, Estimate
from darkroom.metrics.intervals import Score
from darkroom.metrics.metric_table import METRICS
from darkroom.metrics.sample import Predictions, from_probabilities

QUALITY = "log_loss", "brier", "ece", "ece_by_chance"  # of METRICS


def calibrate(val: Predictions, test: Predictions, bootstrap: Bootstrap) -> Calibration:
    """Fit the temperature on `val`, and score `test` before and after it; the same twice where none was fitted."""
    fitted = temperature.fit(val, bootstrap)
    scaled = test if fitted.fit == "too few errors" else _scaled(test, fitted.value)
    change = _change(test, scaled, bootstrap)
    return {
        "temperature": {"value": fitted.value, "low": fitted.low, "high": fitted.high},
        "fit": fitted.fit,
        "errors": fitted.errors,
        "before": _quality(test, bootstrap),
        "after": _quality(scaled, bootstrap),
        "change": change,
        "effect": effect(change),
        "bins": reliability(test, bootstrap.confidence),
        "bins_after": reliability(scaled, bootstrap.confidence),
    }


def effect(change: Score) -> Effect:
    """Say whether a change of the log loss is more than the chance of the test images."""
    if change["high"] is not None and change["high"] < 0:
        return "helps"
    return "harms" if change["low"] is not None and change["low"] > 0 else "not distinguishable"


def reliability(predictions: Predictions, confidence: float) -> list[Bin]:
    """Compare confidence and accuracy in each of probability.BINS; the intervals are Wilson's at `confidence`."""
    bins, largest = probability.bins(predictions.probabilities), predictions.probabilities.max(1).astype(np.float64)
    correct = predictions.predicted == predictions.labels
    rows: list[Bin] = []
    for i in range(probability.BINS):
        inside = bins == i
        n = int(inside.sum())
        score = effective_size.share(correct[inside], predictions.design.clusters[inside], confidence)
        rows.append({
            "bin_low": i / probability.BINS, "bin_high": (i + 1) / probability.BINS, "n": n,
            "confidence": float(largest[inside].mean()) if n else None,
            "value": score["value"], "low": score["low"], "high": score["high"],
        })  # fmt: skip
    return rows


def _scaled(test: Predictions, value: float) -> Predictions:
    return from_probabilities(test.labels, scaling.scale(test.probabilities, value), test.design)


def _change(before: Predictions, after: Predictions, bootstrap: Bootstrap) -> Score:
    """The change of the log loss; the bootstrap samples of both are the same ones."""
    a, b = (metrics.estimate(p, [probability.log_loss], bootstrap)[probability.log_loss] for p in (before, after))
    return metrics.with_percentiles(Estimate(b.value - a.value, b.samples - a.samples), bootstrap.confidence)


def _quality(predictions: Predictions, bootstrap: Bootstrap) -> Scores:
    (scores,) = metrics.score_tables(predictions, [{name: METRICS[name] for name in QUALITY}], bootstrap)
    return {name: score for name, (score,) in scores.items()}
