"""From which probability on an image counts as positive, where there are two classes.

One half is right only when both kinds of error cost the same. The threshold is chosen on the validation images by
a stated criterion: Youden's J (1950), recall of both classes together, or F1 of the positive class. The positive
class is the second by code point. The price: what is chosen on few images may be chosen by chance, so the test
images judge it beside one half.
"""

import numpy as np

from darkroom.metrics import classification, metrics, roc

HALF = 0.5


def operate(
    chosen_on: tuple[np.ndarray, np.ndarray],
    judged_on: tuple[np.ndarray, np.ndarray],
    classes: tuple[str, ...],
    *,
    criterion: str,
    **config,
) -> dict | None:
    """`{positive, criterion, threshold, chosen, half}`; the last two hold the scores on test with intervals.

    None where there are other than two classes. Both sets are labels int64 `(n,)` and probabilities float `(n, 2)`,
    `config` is resamples, confidence and seed.
    """
    if len(classes) != 2:
        return None
    labels, scores = judged_on[0], judged_on[1][:, 1]
    limit = choose(chosen_on[0] == 1, chosen_on[1][:, 1], criterion)
    return {
        "positive": classes[1],
        "criterion": criterion,
        "threshold": limit,
        "chosen": _scores(labels, scores >= limit, **config),
        "half": _scores(labels, scores >= HALF, **config),
    }


def choose(positive: np.ndarray, scores: np.ndarray, criterion: str) -> float:
    """Half-way between the last score that counts as positive and the next; `criterion` is youden or f1.

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


def _scores(labels: np.ndarray, said: np.ndarray, *, confidence: float, **config) -> dict:
    found, by_class = metrics.with_intervals(
        labels, classification.statistic(labels, said.astype(np.int64), 2), **config
    )
    images = np.bincount(labels, minlength=2)
    picked = {
        "accuracy": (*found["accuracy"], len(labels)),
        "recall": (*_of(by_class["recall"], 1), int(images[1])),
        "specificity": (*_of(by_class["recall"], 0), int(images[0])),
        "precision": (*_of(by_class["precision"], 1), int(said.sum())),
        "f1": (*_of(by_class["f1"], 1), 0),
    }
    return {name: metrics.scored(value, drawn, confidence, n) for name, (value, drawn, n) in picked.items()}


def _of(found: tuple[np.ndarray, np.ndarray], i: int) -> tuple[float, np.ndarray]:
    return found[0][i], found[1][i]
