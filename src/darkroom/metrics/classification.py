"""What can be counted of right and wrong answers: accuracy, precision, recall, F1.

Written over weights of the images, `(n, b)` for b bootstrap samples, of which each has as many images of a
class as the test set. Definitions as in scikit-learn; macro and weighted means are over the classes that the test
set has, and a class that is never predicted counts there with a precision of 0.
"""

from collections.abc import Callable

import numpy as np

from darkroom.metrics import bootstrap

Samples = dict[str, np.ndarray]  # the value of each metric in each sample


def confusion(labels: np.ndarray, predicted: np.ndarray, k: int) -> np.ndarray:
    """int64 `(k, k)`, rows the truth, columns the prediction; `labels` and `predicted` int64 `(n,)` in 0..k-1."""
    return np.bincount(labels * k + predicted, minlength=k * k).reshape(k, k)


def statistic(labels: np.ndarray, predicted: np.ndarray, k: int) -> Callable[[np.ndarray], tuple[Samples, Samples]]:
    """What turns weights `(n, b)` into the metrics, `(b,)` each, and those of the classes, `(k, b)` each."""
    truth = np.bincount(labels, minlength=k)
    right, said = bootstrap.totals(np.where(labels == predicted, labels, k), k), bootstrap.totals(predicted, k)

    def of(weights: np.ndarray) -> tuple[Samples, Samples]:
        hits = right(weights)
        by_class = _by_class(hits, said(weights), truth[:, np.newaxis])
        return {"accuracy": hits.sum(0) / len(labels), **_means(by_class, truth)}, by_class

    return of


def mean(values: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """The mean `(b,)` of the classes' values `(k, b)` by their `fractions` `(k,)`; a share of 0 leaves a class out.

    NaN where any of the rest is.
    """
    some = fractions > 0
    return np.einsum("k,kb->b", fractions[some], values[some]) / fractions.sum()


def _by_class(hits: np.ndarray, predictions: np.ndarray, truth: np.ndarray) -> Samples:
    return {
        "precision": _ratio(hits, predictions),
        "recall": _ratio(hits, truth),
        "f1": _ratio(2 * hits, predictions + truth),
    }


def _means(by_class: Samples, truth: np.ndarray) -> Samples:
    """`balanced_accuracy` is the macro mean of the recalls by its usual name."""
    known = {name: np.nan_to_num(values) for name, values in by_class.items()}
    macro = {f"{name}_macro": mean(values, (truth > 0).astype(float)) for name, values in known.items()}
    weighted = {f"{name}_weighted": mean(values, truth.astype(float)) for name, values in known.items()}
    return {"balanced_accuracy": macro["recall_macro"], **macro, **weighted}


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """float64, NaN where the whole is 0."""
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=np.broadcast_to(whole, part.shape) > 0)
