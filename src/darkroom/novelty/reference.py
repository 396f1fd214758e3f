"""Score how unlike the training images an image is: by the distance to its k-th nearest neighbour among them.

The distance is that of Sun et al. (2022, "Out-of-distribution detection with deep nearest neighbors"): Euclidean,
between features that are scaled to length 1; a sample of the training images is enough. It becomes a score by the
conformal p-value of Bates et al. (2023, "Testing for outliers with conformal p-values"): the score of an image is the
fraction of the validation images that lie nearer to the training images than it does. Of new images like those, at most
one in twenty scores above 0.95, whatever the network.

Features of more than WIDTH numbers are projected to WIDTH with random signs (Achlioptas 2003), which need not be kept,
as they follow from SEED. The price: a distance is wrong by some 6 % (1 / sqrt(2 WIDTH)); for validation images as for
others, so the score stays what it says.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from darkroom.novelty import array_file

FILE = "reference.npz"  # in a model folder
WIDTH = 128
NEIGHBOUR = 5  # the k of the k-th nearest; 1 would be at the mercy of a single wrong training image
SEED = 0
ROWS = 4096  # of distances to compute at once
KINDS: array_file.Kinds = {"features": (np.float16, 2), "distances": (np.float32, 1)}


class Reference(NamedTuple):
    """What a score is computed from: m training images and v validation images."""

    features: np.ndarray  # float16 (m, w): directions of training images
    distances: np.ndarray  # float32 (v,), ascending: of validation images, to their k-th nearest neighbour


def fit(train: np.ndarray, val: np.ndarray) -> Reference:
    """Make the reference from features float `(m, d)` of training and `(v, d)` of validation images."""
    known = directions(train).astype(np.float16)
    return Reference(known, np.sort(_distances(known, val)).astype(np.float32))


def score(reference: Reference, features: np.ndarray) -> np.ndarray:
    """Return scores float64 `(n,)`, from 0 to v / (v + 1), for features float `(n, d)`."""
    distances = _distances(reference.features, features).astype(np.float32)
    return np.searchsorted(reference.distances, distances) / (len(reference.distances) + 1)


def to_bytes(reference: Reference) -> bytes:
    """The content of the file; equal references give equal bytes."""
    return array_file.to_bytes(reference)


def read(folder: Path) -> Reference | None:
    """Read the file in a model folder; None where there is none, as in models of earlier releases.

    Raises ArtifactError (exit 4) when it is not what `to_bytes` makes.
    """
    path = folder / FILE
    return Reference(**array_file.read(path, KINDS)) if path.exists() else None


def directions(features: np.ndarray) -> np.ndarray:
    """float32 `(n, w)`, rows of length 1, or 0 where all features are 0; w is d, or WIDTH where d is more."""
    values = features.astype(np.float32)
    if values.shape[1] > WIDTH:
        # RandomState, because NumPy promises that its numbers stay the same in every release
        heads = np.random.RandomState(SEED).random_sample((values.shape[1], WIDTH)) < 0.5
        values = values @ np.where(heads, np.float32(1), np.float32(-1))
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return values / np.where(lengths > 0, lengths, 1)


def _distances(reference: np.ndarray, features: np.ndarray) -> np.ndarray:
    """float32 `(n,)`: from each row of `features` `(n, d)` to its k-th nearest row of `reference` `(m, w)`."""
    known, k = reference.astype(np.float32).T, min(NEIGHBOUR, len(reference))
    new = directions(features)
    nearest = [
        np.partition(2 - 2 * (new[i : i + ROWS] @ known), k - 1, axis=1)[:, k - 1] for i in range(0, len(new), ROWS)
    ]
    return np.sqrt(np.maximum(np.concatenate(nearest), 0)) if nearest else np.zeros(0, np.float32)
