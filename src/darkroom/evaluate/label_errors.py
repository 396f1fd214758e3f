"""Which labels are probably wrong: confident learning (Northcutt, Jiang and Chuang 2021).

A class's threshold is the mean probability it has among the images that are labelled so. An image that reaches
the threshold of another class is counted off the diagonal of the confident joint: its label is in doubt. Here that
class must have more than half as well, or a model that has learnt little would doubt nearly every label. The
probabilities must be of images that the model was not trained on, so only validation and test images are judged.
The price: a weak model doubts few labels, and those that are wrong in the same way again and again look right to it.
"""

from collections.abc import Mapping, Sequence

import numpy as np

COLUMNS = "path", "split", "label", "suggested", "p_label", "p_suggested", "model"
DIGITS = 6
HALF = 0.5


def doubtful(
    images: Mapping[str, Sequence[str]], *sides: tuple[np.ndarray, np.ndarray], classes: Sequence[str], model: str
) -> list[dict]:
    """A row (COLUMNS) an image whose label the `model` doubts, the most doubtful first.

    `images` are the paths of each split; for each split labels int64 `(n,)` and probabilities float `(n, k)`.
    """
    named = [(path, split) for split, paths in images.items() for path in paths]
    labels, probabilities = (np.concatenate(parts) for parts in zip(*sides, strict=True))
    suggested = suggestions(labels, probabilities)
    rows = np.flatnonzero(suggested != labels)
    given, other = probabilities[rows, labels[rows]], probabilities[rows, suggested[rows]]
    found = []
    for i in np.lexsort((rows, -other, given)):
        names = (*named[rows[i]], classes[labels[rows[i]]], classes[suggested[rows[i]]])
        chances = (round(float(chance), DIGITS) for chance in (given[i], other[i]))
        found.append(dict(zip(COLUMNS, (*names, *chances, model), strict=True)))
    return found


def suggestions(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """int64 `(n,)`: the class that has more than HALF and reaches its threshold; the label itself where none does.

    A class that no label names has no threshold, so nothing is taken for it.
    """
    k, rows = probabilities.shape[1], np.arange(len(labels))
    counts = np.bincount(labels, minlength=k)
    own = np.bincount(labels, probabilities[rows, labels].astype(np.float64), minlength=k)
    thresholds = np.divide(own, counts, out=np.full(k, np.inf), where=counts > 0)
    likeliest = probabilities.argmax(1)
    sure = probabilities[rows, likeliest] >= np.maximum(thresholds[likeliest], HALF)
    return np.where(sure, likeliest, labels)
