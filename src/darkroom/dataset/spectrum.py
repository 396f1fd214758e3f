"""The low frequencies of an image: what is left of it when it is saved again, shrunk, or made brighter.

They are the first coefficients of its cosine transform (DCT-II), taken at the size that the image has, not of a
thumbnail: enlarging a small image to the size of a thumbnail would blur it, and it would no longer be like the larger
one that it was made from. All functions take a whole array of spectra, float (n, 16, 16): the coefficient of row u
and column v belongs to the wave with u half periods from top to bottom and v from left to right.
"""

from functools import lru_cache

import numpy as np

FREQUENCIES = 16  # of each axis
DTYPE = np.float16  # 3 decimals are enough, and a million spectra are 512 MB
FLAT = np.zeros((FREQUENCIES, FREQUENCIES), DTYPE)  # of an image that shows nothing
_RADIUS = np.hypot.outer(np.arange(FREQUENCIES), np.arange(FREQUENCIES))


def compute(grey: np.ndarray) -> np.ndarray:
    """The spectra, float16 (n, 16, 16), of grey levels, uint8 (n, h, w). An axis of m < 16 pixels has m frequencies.

    An image has the same spectrum whatever else is in the stack: matrices are multiplied one by one.
    """
    height, width = grey.shape[1:]
    scaled = waves(height).T / height @ grey.astype(np.float32) @ waves(width) / width
    scaled[:, height:], scaled[:, :, width:] = 0, 0
    return scaled.astype(DTYPE)


@lru_cache(maxsize=256)
def waves(points: int) -> np.ndarray:
    """The waves of one axis at the middles of so many pixels, float32 (points, 16)."""
    middles = (np.arange(points)[:, None] + 0.5) / points
    result = np.sqrt(2) * np.cos(np.pi * middles * np.arange(FREQUENCIES))
    result[:, 0] = 1
    return result.astype(np.float32)


def mirrored(spectra: np.ndarray) -> np.ndarray:
    """The spectra of the images turned left to right."""
    return spectra * np.where(np.arange(FREQUENCIES) % 2, -1, 1).astype(spectra.dtype)


def limited(spectra: np.ndarray, bands: np.ndarray) -> np.ndarray:
    """The spectra, float32, without their mean and without frequencies of `bands`, int (n,), and more."""
    kept = (_RADIUS > 0) & (_RADIUS < bands[:, None, None])
    return np.where(kept, spectra, 0).astype(np.float32)


def unit_vectors(spectra: np.ndarray, band: int) -> np.ndarray:
    """The same, as vectors of length 1, float32 (n, d): their dot product is the correlation of two images.

    Neither brightness nor contrast is left in it. Where the grey levels deviate by less than 1, the vector is 0.
    """
    vectors = spectra[:, (_RADIUS > 0) & (_RADIUS < band)].astype(np.float32)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(lengths < 1, 0, vectors / np.maximum(lengths, 1))


def odd_columns(band: int) -> np.ndarray:
    """Which numbers of `unit_vectors` change their sign in a mirrored image, bool (d,)."""
    return np.broadcast_to(np.arange(FREQUENCIES) % 2 == 1, _RADIUS.shape)[(_RADIUS > 0) & (_RADIUS < band)]


def correlations(first: np.ndarray, second: np.ndarray, bands: np.ndarray) -> np.ndarray:
    """Of the images of each pair of spectra, below their `bands`, int (m,): float32 (m,)."""
    one, other = limited(first, bands), limited(second, bands)
    squares = (one * one).sum((1, 2)) * (other * other).sum((1, 2))
    return (one * other).sum((1, 2)) / np.sqrt(np.maximum(squares, 1e-9))
