"""Cross-validation over clusters: images that are nearly equal are judged by a model that saw none of them."""

from collections.abc import Callable

import numpy as np

from darkroom.runtime import progress

# (rows to learn from, rows to predict) to float (m, k); rows are int64
Predict = Callable[[np.ndarray, np.ndarray], np.ndarray]


def assign(clusters: np.ndarray, folds: int, seed: int) -> np.ndarray:
    """int64 `(n,)`: the fold of each image, from 0; a cluster of `clusters` int64 `(n,)` is never divided.

    With fewer clusters than `folds`, each is a fold of its own.
    """
    from sklearn.model_selection import GroupKFold  # scikit-learn takes a second to import

    splitter = GroupKFold(min(folds, len(np.unique(clusters))), shuffle=True, random_state=seed)
    fold = np.empty(len(clusters), np.int64)
    for i, (_, rows) in enumerate(splitter.split(clusters, groups=clusters)):
        fold[rows] = i
    return fold


def cross_validate(labels: np.ndarray, k: int, fold: np.ndarray, predict: Predict) -> np.ndarray:
    """float32 `(n, k)`: `predict` for the rows of each `fold` int64 `(n,)` from those of all others.

    A row is NaN where the others have no image of its class in `labels` int64 `(n,)`.
    """
    probabilities = np.full((len(labels), k), np.nan, np.float32)
    folds = int(fold.max()) + 1
    for i in progress.each(range(folds), folds, "examining labels"):
        others, rows = np.flatnonzero(fold != i), np.flatnonzero(fold == i)
        rows = rows[np.isin(labels[rows], labels[others])]
        if len(rows):
            probabilities[rows] = predict(others, rows)
    return probabilities
