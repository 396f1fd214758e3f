"""Whether a classifier can tell new images from old ones: the two-sample test of Lopez-Paz and Oquab (2017).

If both are of one kind, no classifier does better than chance on images that it was not fitted to. The classifier is
linear least squares, which orders the images as Fisher's discriminant does, and is cross-validated: what it says of new
images, less what it says of old ones, is compared with the same for random permutations of old and new within each
fold. So p is exact, however many features there are. Least squares, because it takes all permutations as targets of one
fit: a thousand cost a fraction of a second. A logistic regression each would cost a minute, and finds what is found
here: a direction in which the images differ.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

FOLDS = 5
ROUNDING = 1e-6  # outputs are float32, and differences below it are none
PENALTY = 0.1  # of the squared weights of standardised features, per image
Fold = tuple[np.ndarray, np.ndarray]  # the rows to fit to, and the rows to judge


class Separation(NamedTuple):
    auc: float  # 0.5 is chance, 1 perfect
    p: float
    scores: np.ndarray  # float64 (n,): how clearly each new image is one, by a fit to others; 0 to 1, roughly


def separate(before: np.ndarray, now: np.ndarray, permutations: int, seed: int) -> Separation:
    """Tell features float `(n, w)` now from those `(v, w)` before; both have FOLDS rows at least."""
    features = _standardised(np.concatenate([before, now]).astype(np.float32))
    is_new = np.repeat(np.array([0, 1], np.float32), [len(before), len(now)])
    folds = _folds(is_new, seed)
    targets = _permuted(is_new, folds, permutations, np.random.default_rng(seed))
    outputs = _outputs(features, targets, folds)
    gaps = np.mean([_gap(outputs[rows], targets[rows]) for _, rows in folds], axis=0)
    hits = int((gaps[1:] >= gaps[0] - ROUNDING).sum())  # the observed order is one of the permutations
    auc = float(np.mean([_auc(outputs[rows, 0], is_new[rows]) for _, rows in folds]))
    return Separation(auc, (1 + hits) / (1 + permutations), outputs[len(before) :, 0])


def _standardised(features: np.ndarray) -> np.ndarray:
    deviation = features.std(0)
    return (features - features.mean(0)) / np.where(deviation > 0, deviation, 1)


def _folds(is_new: np.ndarray, seed: int) -> Sequence[Fold]:
    from sklearn.model_selection import StratifiedKFold  # two seconds

    return list(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(is_new, is_new))


def _permuted(is_new: np.ndarray, folds: Sequence[Fold], permutations: int, rng: np.random.Generator) -> np.ndarray:
    """float32 `(v + n, 1 + permutations)`: what is new, and then permuted; each fold keeps its number of new images."""
    targets = np.repeat(is_new[:, np.newaxis], 1 + permutations, axis=1)
    for _, rows in folds:
        targets[rows, 1:] = rng.permuted(targets[rows, 1:], axis=0)
    return targets


def _outputs(features: np.ndarray, targets: np.ndarray, folds: Sequence[Fold]) -> np.ndarray:
    """As `targets`: what a fit to the other folds says of each image."""
    from sklearn.linear_model import Ridge

    outputs = np.empty_like(targets)
    for fitted, judged in folds:
        ridge = Ridge(PENALTY * len(fitted)).fit(features[fitted], targets[fitted])
        outputs[judged] = ridge.predict(features[judged]).reshape(len(judged), -1)
    return outputs


def _gap(outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """float32 `(b,)`: by how much the mean output of new images is above that of old ones, for each column."""
    new = targets[:, 0].sum()
    sums = (outputs * targets).sum(0)
    return sums / new - (outputs.sum(0) - sums) / (len(targets) - new)


def _auc(outputs: np.ndarray, is_new: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(is_new, outputs))
