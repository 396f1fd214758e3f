"""Does a model that says 0.9 get nine of ten right, and what would mend it?

Temperature scaling (Guo et al. 2017): one number, fitted on the validation images, by which all logits are
divided. It changes no answer and no saved model; who needs honest probabilities applies it with `tempered`. The
price: one number cannot mend a model that is too sure of one class and not sure enough of another.
"""

from collections.abc import Mapping

import numpy as np

from darkroom.metrics import intervals, metrics, probability

RANGE = 0.05, 20.0  # of a temperature


def calibrate(
    fitted_on: tuple[np.ndarray, np.ndarray], judged_on: tuple[np.ndarray, np.ndarray], *, confidence: float, **config
) -> dict:
    """The temperature, and log loss, Brier score and ECE before and after it, with intervals, and the bins.

    Both sets are labels int64 `(n,)` and probabilities float `(n, k)`: those of validation and those of test. `config`
    is resamples and seed.
    """
    heat = temperature(*fitted_on)
    labels, probabilities = judged_on
    after = tempered(probabilities, heat)
    config = {"confidence": confidence, **config}
    return {
        "temperature": heat,
        "before": _quality(labels, probabilities, **config),
        "after": _quality(labels, after, **config),
        "bins": reliability(labels, probabilities, confidence),
        "bins_after": reliability(labels, after, confidence),
    }


def temperature(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The temperature of the least log loss, within RANGE; above 1 the model is too sure of itself.

    1 where there is no single error: then the loss falls for ever as the temperature goes to 0.
    """
    if (probabilities.argmax(1) == labels).all():
        return 1.0
    from scipy.optimize import minimize_scalar  # a third of a second to import

    logits, rows = _logits(probabilities), np.arange(len(labels))

    def loss(coldness: float) -> float:  # convex in 1 / temperature
        scaled = logits * coldness
        return float((np.log(np.exp(scaled).sum(1)) - scaled[rows, labels]).mean())

    found = minimize_scalar(loss, bounds=(1 / RANGE[1], 1 / RANGE[0]), method="bounded", options={"xatol": 1e-6})
    return float(1 / found.x)


def tempered(probabilities: np.ndarray, heat: float) -> np.ndarray:
    """float64 `(n, k)`: the probabilities after the logits are divided by the temperature `heat`."""
    scaled = np.exp(_logits(probabilities) / heat)
    return scaled / scaled.sum(1, keepdims=True)


def reliability(labels: np.ndarray, probabilities: np.ndarray, confidence: float) -> list[dict]:
    """A row for each of probability.BINS: low and high of it, n, confidence (the mean), and value with its interval.

    `value` is the fraction of right answers; it and the mean are None in an empty bin.
    """
    bins, sure = probability.bins(probabilities), probabilities.max(1).astype(np.float64)
    right = probabilities.argmax(1) == labels
    rows = []
    for i in range(probability.BINS):
        inside = bins == i
        n = int(inside.sum())
        fraction = intervals.scored(int(right[inside].sum()), n, confidence)
        rows.append({
            "bin_low": i / probability.BINS, "bin_high": (i + 1) / probability.BINS, "n": n,
            "confidence": float(sure[inside].mean()) if n else None, **fraction,
        })  # fmt: skip
    return rows


def _quality(labels: np.ndarray, probabilities: np.ndarray, *, confidence: float, **config) -> dict[str, Mapping]:
    of = probability.statistic(labels, probabilities)
    found = metrics.with_intervals(labels, lambda weights: (of(weights), {}), **config)[0]
    return {name: metrics.scored(*found[name], confidence, 0) for name in ("log_loss", "brier", "ece")}


def _logits(probabilities: np.ndarray) -> np.ndarray:
    """float64, 0 for the likeliest class; a probability that float32 could not hold counts as its smallest one."""
    logs = np.log(np.maximum(probabilities.astype(np.float64), np.finfo(np.float32).tiny))
    return logs - logs.max(1, keepdims=True)
