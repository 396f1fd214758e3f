"""How good a classifier is, in numbers with intervals.

The definitions are scikit-learn's (a test compares them). They are written over confusion matrices here, so
that thousands of bootstrap samples cost seconds. Macro means are over the classes the test set has.
"""

from collections.abc import Callable

import numpy as np

from darkroom.judging import resampling

Score = dict[str, float]


def confusion(labels: np.ndarray, predicted: np.ndarray, k: int) -> np.ndarray:
    """int64 `(k, k)`, rows the truth, columns the prediction; `labels` and `predicted` int64 `(n,)` in 0..k-1."""
    return np.bincount(labels * k + predicted, minlength=k * k).reshape(k, k)


def summary(
    labels: np.ndarray, probabilities: np.ndarray, *, k: int, resamples: int, confidence: float, seed: int
) -> dict[str, Score]:
    """`{metric: {value, low, high}}` for labels int64 `(n,)` and probabilities float `(n, k)`.

    The intervals are stratified bootstrap percentiles at `confidence`. A model without a single error gives
    the bootstrap nothing to vary; there the lower end is the exact binomial one (Clopper and Pearson 1934).
    """
    predicted, losses = probabilities.argmax(1), log_losses(labels, probabilities)
    value = _all(confusion(labels, predicted, k), losses)
    drawn = [
        _all(confusion(labels[rows], predicted[rows], k), losses[rows])
        for rows in resampling.samples(labels, resamples, seed)
    ]
    found = {}
    for name in value:
        low, high = resampling.interval(np.array([sample[name] for sample in drawn]), confidence)
        if name in FROM_CONFUSION and low == high == value[name] == 1:
            low = ((1 - confidence) / 2) ** (1 / len(labels))
        found[name] = {"value": value[name], "low": low, "high": high}
    return found


def per_class(labels: np.ndarray, predicted: np.ndarray, classes: tuple[str, ...]) -> list[dict]:
    """A row a class: label, precision, recall, f1, support. What has no denominator is None, not 0."""
    matrix = confusion(labels, predicted, len(classes))
    hits, truth, said = matrix.diagonal(), matrix.sum(1), matrix.sum(0)
    return [
        {
            "label": name,
            "precision": _ratio(hits[i], said[i]),
            "recall": _ratio(hits[i], truth[i]),
            "f1": _ratio(2 * hits[i], truth[i] + said[i]),
            "support": int(truth[i]),
        }
        for i, name in enumerate(classes)
    ]


def log_losses(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """float64 `(n,)`: minus the log of the probability given to the truth, clipped as scikit-learn's log_loss does."""
    given = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    tiny = np.finfo(np.float64).eps
    return -np.log(np.clip(given, tiny, 1 - tiny))


def accuracy(matrix: np.ndarray) -> float:
    return float(matrix.trace() / matrix.sum())


def recall_macro(matrix: np.ndarray) -> float:
    present = matrix.sum(1) > 0
    return float((matrix.diagonal()[present] / matrix.sum(1)[present]).mean())


def precision_macro(matrix: np.ndarray) -> float:
    """A class that is never predicted counts as 0, as in scikit-learn."""
    present = matrix.sum(1) > 0
    return float((matrix.diagonal() / np.maximum(matrix.sum(0), 1))[present].mean())


def f1_macro(matrix: np.ndarray) -> float:
    present = matrix.sum(1) > 0
    return float((2 * matrix.diagonal() / np.maximum(matrix.sum(0) + matrix.sum(1), 1))[present].mean())


FROM_CONFUSION: dict[str, Callable[[np.ndarray], float]] = {
    "accuracy": accuracy,
    "balanced_accuracy": recall_macro,  # the same number by its usual name
    "precision_macro": precision_macro,
    "recall_macro": recall_macro,
    "f1_macro": f1_macro,
}


def _all(matrix: np.ndarray, losses: np.ndarray) -> dict[str, float]:
    return {**{name: of(matrix) for name, of in FROM_CONFUSION.items()}, "log_loss": float(losses.mean())}


def _ratio(part: int, whole: int) -> float | None:
    return float(part / whole) if whole else None
