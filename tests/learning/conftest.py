"""Painted pictures: a bright square whose corner is the class, easy to learn within seconds."""

from types import SimpleNamespace

import numpy as np
import pytest


@pytest.fixture(scope="session")
def painted():
    """A function that paints `n` pictures uint8 `(n, 8, 8, 1)` of two classes, as a Pack looks to `fit`."""

    def paint(n: int, seed: int = 0) -> SimpleNamespace:
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, 2, n)
        images = rng.integers(0, 60, (n, 8, 8, 1), dtype=np.uint8)
        for image, label in zip(images, labels, strict=True):
            corner = slice(0, 4) if label else slice(4, 8)
            image[corner, corner] += 180
        return SimpleNamespace(images=images, labels=labels.astype("int64"), classes=("dark", "light"))

    return paint
