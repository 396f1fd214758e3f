"""Is a model that gives 0.9 right nine times out of ten, and would temperature scaling help?

Temperature scaling (Guo et al. 2017): one number, fitted on the validation images, by which all logits are divided. It
changes no predicted class and no saved model; whoever needs calibrated probabilities calls `apply_temperature`. The
price: one number cannot help a model that is overconfident about one class and underconfident about another.
"""

import numpy as np

from darkroom.evaluation_folder import Bin, Calibration, Scores
from darkroom.metrics import effective_size, metrics, probability
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.metrics.metric_table import METRICS
from darkroom.metrics.sample import Predictions, from_probabilities

RANGE = 0.05, 20.0  # of a temperature
QUALITY = "log_loss", "brier", "ece", "ece_by_chance"  # of METRICS


def calibrate(val: Predictions, test: Predictions, bootstrap: Bootstrap) -> Calibration:
    """Fit the temperature on `val`, and score `test` before and after it."""
    temperature = fit_temperature(val)
    scaled = from_probabilities(test.labels, apply_temperature(test.probabilities, temperature), test.design)
    return {
        "temperature": temperature,
        "before": _quality(test, bootstrap),
        "after": _quality(scaled, bootstrap),
        "bins": reliability(test, bootstrap.confidence),
        "bins_after": reliability(scaled, bootstrap.confidence),
    }


def fit_temperature(val: Predictions) -> float:
    """Return the temperature with the lowest log loss, within RANGE; above 1 the model is overconfident.

    It is 1 where no prediction is wrong: then the loss falls for ever as the temperature goes to 0.
    """
    if (val.predicted == val.labels).all():
        return 1.0
    from scipy.optimize import minimize_scalar  # a third of a second to import

    logits, rows = _logits(val.probabilities), np.arange(val.n)

    def loss(inverse: float) -> float:  # convex in 1 / temperature
        scaled = logits * inverse
        return float((np.log(np.exp(scaled).sum(1)) - scaled[rows, val.labels]).mean())

    minimum = minimize_scalar(loss, bounds=(1 / RANGE[1], 1 / RANGE[0]), method="bounded", options={"xatol": 1e-6})
    return float(1 / minimum.x)


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Divide the logits by `temperature`; probabilities float64 `(n, k)` from float `(n, k)`."""
    scaled = np.exp(_logits(probabilities) / temperature)
    return scaled / scaled.sum(1, keepdims=True)


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


def _quality(predictions: Predictions, bootstrap: Bootstrap) -> Scores:
    (scores,) = metrics.score_tables(predictions, [{name: METRICS[name] for name in QUALITY}], bootstrap)
    return {name: score for name, (score,) in scores.items()}


def _logits(probabilities: np.ndarray) -> np.ndarray:
    """float64, 0 for the most probable class; a probability too small for float32 counts as its smallest one."""
    logs = np.log(np.maximum(probabilities.astype(np.float64), np.finfo(np.float32).tiny))
    return logs - logs.max(1, keepdims=True)
