"""Which labels are probably wrong: confident learning (Northcutt, Jiang and Chuang 2021).

The threshold of a class is the mean probability that the images labelled so have for it. An image that reaches the
threshold of another class is counted off the diagonal of the confident joint: its label is an issue. Here that
class must have more than half as well, or a model that has learnt little would question nearly every label. The
probabilities must be of images that the model was not trained on, so only validation and test images are examined.
The price: a weak model questions few labels, and labels that are always wrong in the same way look right to it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from darkroom.evaluation_folder import LabelIssue
from darkroom.metrics.sample import Predictions

DIGITS = 6
HALF = 0.5


class Examined(NamedTuple):
    """One split: n paths and the predictions for them."""

    paths: Sequence[str]
    predictions: Predictions


def issues(splits: Mapping[str, Examined], classes: Sequence[str], model: str) -> list[LabelIssue]:
    """List the images whose label the `model` questions, the least probable label first.

    `splits` by their names; the thresholds are those of all of them together.
    """
    named = [(path, split) for split, examined in splits.items() for path in examined.paths]
    labels = np.concatenate([examined.predictions.labels for examined in splits.values()])
    probabilities = np.concatenate([examined.predictions.probabilities for examined in splits.values()])
    suggested = suggestions(labels, probabilities)
    rows = np.flatnonzero(suggested != labels)
    p_label, p_suggested = probabilities[rows, labels[rows]], probabilities[rows, suggested[rows]]
    return [
        {
            "path": named[rows[i]][0],
            "split": named[rows[i]][1],
            "label": classes[labels[rows[i]]],
            "suggested": classes[suggested[rows[i]]],
            "p_label": round(float(p_label[i]), DIGITS),
            "p_suggested": round(float(p_suggested[i]), DIGITS),
            "model": model,
        }
        for i in np.lexsort((rows, -p_suggested, p_label))
    ]


def suggestions(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """int64 `(n,)`: the class that has more than HALF and reaches its threshold; the label itself where none does.

    `labels` int64 `(n,)`, `probabilities` float `(n, k)`. A class that no image is labelled with has no threshold and
    is never suggested.
    """
    k, rows = probabilities.shape[1], np.arange(len(labels))
    counts = np.bincount(labels, minlength=k)
    own = np.bincount(labels, probabilities[rows, labels].astype(np.float64), minlength=k)
    thresholds = np.divide(own, counts, out=np.full(k, np.inf), where=counts > 0)
    predicted = probabilities.argmax(1)
    confident = probabilities[rows, predicted] >= np.maximum(thresholds[predicted], HALF)
    return np.where(confident, predicted, labels)
