"""Features of the pixels themselves: how near an image is to each of a few hundred training images.

A Gaussian kernel in the approximation of Nystroem (Williams and Seeger 2001), on images of at most SIDE pixels. It
needs no pretrained network and separates simple images well (handwritten digits: 0.98); of photos it knows little.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sklearn.kernel_approximation import Nystroem

NAME = "pixels"
LANDMARKS = 500  # training images
SIDE = 32  # pixels; larger images are averaged over squares
BATCH = 1024  # images at a time


def features(images: Mapping[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """float32 `(n, d)` by split, of images uint8 `(n, s, s, c)` by split; d is LANDMARKS, if `train` has so many."""
    train = images["train"]
    rows = np.sort(np.random.default_rng(seed).permutation(len(train))[:LANDMARKS])
    kernel = _kernel(_flat(np.asarray(train[rows])), seed)
    return {name: _transformed(kernel, values) for name, values in images.items()}


def _kernel(landmarks: np.ndarray, seed: int) -> "Nystroem":
    """Fitted to all of `landmarks` float `(m, p)`; its width follows from the median distance of two of them."""
    from sklearn.kernel_approximation import Nystroem  # scikit-learn takes a second to import
    from sklearn.metrics.pairwise import euclidean_distances

    pairs = np.triu_indices(len(landmarks), 1)
    median = float(np.median(euclidean_distances(landmarks, squared=True)[pairs])) or 1.0  # 0: all images are equal
    return Nystroem(gamma=2 / median, n_components=len(landmarks), random_state=seed).fit(landmarks)


def _transformed(kernel: "Nystroem", images: np.ndarray) -> np.ndarray:
    starts = range(0, len(images), BATCH)
    parts = [kernel.transform(_flat(np.asarray(images[i : i + BATCH]))).astype("float32") for i in starts]
    return np.concatenate(parts)


def _flat(images: np.ndarray) -> np.ndarray:
    """float64 `(n, p)` from 0 to 1; pixels beyond a whole number of squares are left out."""
    n, size, _, channels = images.shape
    square = -(-size // SIDE)
    side = size // square
    whole = images[:, : side * square, : side * square] / 255
    return whole.reshape(n, side, square, side, square, channels).mean((2, 4)).reshape(n, -1)
