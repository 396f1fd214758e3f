"""How good a classifier is, in numbers with intervals.

The definitions are scikit-learn's (a test compares them): `counts`, `scoring` and `ranks` have them. They are
written over weights of the images, so that thousands of bootstrap samples cost seconds. Means over classes are
over those that the test set has; what has no denominator is None, not 0.
"""

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from darkroom.metrics import bootstrap, classification, intervals, probability, roc
from darkroom.metrics.classification import Samples
from darkroom.metrics.intervals import Score

Statistic = Callable[[np.ndarray], tuple[Samples, Samples]]  # weights (n, b) to metrics (b,), and by class (k, b)

BY_IMAGE = "accuracy", "balanced_accuracy", "top_3_accuracy", "top_5_accuracy"
BY_CLASS = "precision", "recall", "f1"
SHARES = {*BY_IMAGE, *(f"{name}_{mean}" for name in BY_CLASS for mean in ("macro", "weighted"))}  # 1: no error


def judge(
    labels: np.ndarray, probabilities: np.ndarray, classes: tuple[str, ...], **config
) -> tuple[dict[str, Score], list[dict]]:
    """`{metric: {value, low, high}}`; and a row a class: label, support, and its metrics with _low and _high.

    `labels` int64 `(n,)`, `probabilities` float `(n, k)`; `config` is resamples, confidence and seed. The intervals are
    stratified bootstrap ones at `confidence`. Where all images are right, or none is, the bootstrap has
    nothing to vary: then a fraction of images has the exact binomial end (Clopper and Pearson 1934), and what is
    none, such as an area under a curve, has no interval. The same with Wilson's ends where that is so class by class.
    """
    found, found_by_class = with_intervals(labels, statistic(labels, probabilities), **config)
    overall = {name: scored(*found[name], config["confidence"], len(labels) * (name in SHARES)) for name in found}
    support, said = (np.bincount(some, minlength=len(classes)) for some in (labels, probabilities.argmax(1)))
    images = {"recall": support, "precision": said}
    rows = [{"label": label, "support": int(support[i])} for i, label in enumerate(classes)]
    for name, (values, drawn) in found_by_class.items():
        for i, row in enumerate(rows):
            of = int(images[name][i]) if name in images else 0
            score = scored(values[i], drawn[i], config["confidence"], of)
            row |= {name: score["value"], f"{name}_low": score["low"], f"{name}_high": score["high"]}
    return overall, rows


def summary(labels: np.ndarray, probabilities: np.ndarray, **config) -> dict[str, Score]:
    """The first half of `judge`."""
    return judge(labels, probabilities, tuple(map(str, range(probabilities.shape[1]))), **config)[0]


def statistic(labels: np.ndarray, probabilities: np.ndarray) -> Statistic:
    """All metrics of a model. `roc_auc` and `average_precision` are macro means of one class against the rest."""
    k = probabilities.shape[1]
    counted = classification.statistic(labels, probabilities.argmax(1), k)
    ranked = roc.statistic(labels, probabilities)
    given = probability.statistic(labels, probabilities)
    present = (np.bincount(labels, minlength=k) > 0).astype(float)

    def of(weights: np.ndarray) -> tuple[Samples, Samples]:
        (overall, by_class), areas = counted(weights), ranked(weights)
        means = {name: classification.mean(values, present) for name, values in areas.items()}
        return {**overall, **means, **given(weights)}, {**by_class, **areas}

    return of


def with_intervals(labels: np.ndarray, of: Statistic, *, resamples: int, seed: int, **_) -> tuple[dict, dict]:
    """`{metric: (value, samples (resamples,))}`, and by class `{metric: (values (k,), samples (k, resamples))}`."""
    value, blocks = of(np.ones((len(labels), 1))), [of(block) for block in bootstrap.weights(labels, resamples, seed)]
    whole, whole_by_class = ({name: values[..., 0] for name, values in some.items()} for some in value)
    drawn, drawn_by_class = (_joined([block[i] for block in blocks]) for i in (0, 1))
    by_class = {name: (values, drawn_by_class[name]) for name, values in whole_by_class.items()}
    return {name: (value, drawn[name]) for name, value in whole.items()}, by_class


def scored(value: float, drawn: np.ndarray, confidence: float, images: int) -> Score:
    """`{value, low, high}` of a value and its samples `(resamples,)`.

    `images` is how many the value is a share of, 0 for what is no share of images.
    """
    if np.isnan(value):
        return {"value": None, "low": None, "high": None}
    low, high = bootstrap.interval(value, drawn, confidence)
    if low == high:
        low, high = _exact(float(value), confidence, images)
    return {"value": float(value), "low": low, "high": high}


def _exact(value: float, confidence: float, images: int) -> tuple[float, float] | tuple[None, None]:
    if not images:
        return None, None
    if value not in (0, 1):  # all of some classes are right and none of the others
        return intervals.wilson(round(value * images), images, confidence)
    end = ((1 - confidence) / 2) ** (1 / images)
    return (end, 1.0) if value == 1 else (0.0, 1 - end)


def _joined(blocks: list[Mapping[str, np.ndarray]]) -> Samples:
    names: Iterable[str] = blocks[0]
    return {name: np.concatenate([block[name] for block in blocks], axis=-1) for name in names}
