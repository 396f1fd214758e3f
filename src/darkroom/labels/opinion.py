"""What one method says about the training labels, as they are, and how well it knows them."""

from typing import NamedTuple

import numpy as np

from darkroom.labels.method import Method

LEAST = 1e-7  # probability, so that the log of none is finite


class Opinion(NamedTuple):
    method: Method
    labels: np.ndarray  # int64 (n,), of the training images
    probabilities: np.ndarray  # float (n, k), out of sample; NaN for images that cannot be judged

    @property
    def accuracy(self) -> float:
        judged = ~np.isnan(self.probabilities[:, 0])
        return float((self.probabilities[judged].argmax(1) == self.labels[judged]).mean())

    @property
    def log_loss(self) -> float:
        own = self.probabilities[np.arange(len(self.labels)), self.labels]
        return float(-np.log(own[~np.isnan(own)].clip(LEAST)).mean())


def of(method: Method, labels: np.ndarray) -> Opinion:
    """Ask `method` about `labels` int64 `(n,)`."""
    return Opinion(method, labels, method.out_of_sample(labels))
