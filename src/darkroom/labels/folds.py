"""Cross-validation over clusters: images that are nearly equal are judged by a model that saw none of them."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from darkroom.runtime import progress


class Part(NamedTuple):
    """One training of a cross-validation. Both are int64 `(m,)`."""

    others: np.ndarray  # rows to learn from
    rows: np.ndarray  # rows to predict


Predict = Callable[[Sequence[Part]], Iterable[np.ndarray]]  # float (m, k) of the rows of each part


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
    """float32 `(n, k)`: what is predicted for the rows of each `fold` int64 `(n,)` from those of all others.

    A row is NaN where the others have no image of its class in `labels` int64 `(n,)`.
    """
    probabilities = np.full((len(labels), k), np.nan, np.float32)
    parts = [part for i in range(int(fold.max()) + 1) if len((part := _part(labels, fold, i)).rows)]
    predicted = progress.each(predict(parts), len(parts), "examining labels")
    for part, values in zip(parts, predicted, strict=True):
        probabilities[part.rows] = values
    return probabilities


def _part(labels: np.ndarray, fold: np.ndarray, i: int) -> Part:
    """The rows of fold `i` whose class the others have, and those of the others."""
    others, rows = np.flatnonzero(fold != i), np.flatnonzero(fold == i)
    return Part(others, rows[np.isin(labels[rows], labels[others])])
