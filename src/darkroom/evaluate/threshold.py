"""The decision threshold: from which probability on an image counts as positive, where there are two classes.

One half is right only when both kinds of error cost the same. The threshold is chosen on the validation images by
a stated criterion: Youden's J (1950), the recall of both classes together, or F1 of the positive class. The positive
class is the second by code point. The price: a choice on few images may be chance, so the test images score it beside
one half.
"""

import numpy as np

from darkroom.evaluation_folder import Scores, Threshold
from darkroom.metrics import metrics, roc
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.metrics.metric_table import CLASS_METRICS, METRICS
from darkroom.metrics.sample import Predictions

HALF = 0.5


def evaluate(
    val: Predictions, test: Predictions, classes: tuple[str, ...], criterion: str, bootstrap: Bootstrap
) -> Threshold | None:
    """Choose the threshold on `val` by `criterion`, youden or f1, and score it on `test`.

    None where there are not exactly two classes.
    """
    if len(classes) != 2:
        return None
    threshold = choose(val.labels == 1, val.probabilities[:, 1], criterion)
    scores = test.probabilities[:, 1]
    return {
        "positive": classes[1],
        "criterion": criterion,
        "threshold": threshold,
        "chosen": _scores(test, scores >= threshold, bootstrap),
        "half": _scores(test, scores >= HALF, bootstrap),
    }


def choose(positive: np.ndarray, scores: np.ndarray, criterion: str) -> float:
    """Return the best threshold by `criterion`, youden or f1, half-way between two scores.

    `positive` bool `(n,)`, `scores` float `(n,)`. Of equally good ones that nearest to one half; one half where a
    class is missing.
    """
    if positive.all() or not positive.any():
        return HALF
    points = roc.points(positive, scores)
    value = points["recall"] - points["false_positive_rate"] if criterion == "youden" else _f1(points)
    score = points["threshold"]
    middle = (score + np.append(score[1:], 0.0)) / 2
    best = np.flatnonzero(value >= value.max() - 1e-12)
    return float(middle[best[np.abs(middle[best] - HALF).argmin()]])


def _f1(points: dict[str, np.ndarray]) -> np.ndarray:
    both = points["precision"] + points["recall"]
    return 2 * points["precision"] * points["recall"] / np.where(both > 0, both, 1)


def _scores(test: Predictions, positive: np.ndarray, bootstrap: Bootstrap) -> Scores:
    """Score the predictions `positive` bool `(n,)` instead of the most probable classes."""
    predictions = Predictions(test.labels, positive.astype(np.int64), 2, test.design)
    table = {"accuracy": METRICS["accuracy"], **{name: CLASS_METRICS[name] for name in ("recall", "precision", "f1")}}
    (scores,) = metrics.score_tables(predictions, [table], bootstrap)
    return {
        "accuracy": scores["accuracy"][0],
        "recall": scores["recall"][1],
        "specificity": scores["recall"][0],
        "precision": scores["precision"][1],
        "f1": scores["f1"][1],
    }
