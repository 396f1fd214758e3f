"""What a method must be able to do whose opinion on labels is asked."""

from typing import Protocol

import numpy as np


class Method(Protocol):
    @property
    def name(self) -> str:
        """The model behind it."""

    def out_of_sample(self, labels: np.ndarray) -> np.ndarray:
        """float `(n, k)` of the n training images if their labels were int64 `(n,)`.

        Each row comes from a model that was trained on other clusters. It is NaN where those had no image of the
        row's class: such a label cannot be judged.
        """

    def of_split(self, name: str) -> np.ndarray:
        """float `(m, k)` of the images of `val` or `test`, by a model of all training images with their own labels."""
