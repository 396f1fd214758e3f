"""What a metric is computed from: the predictions of a model, and bootstrap samples of them.

A metric is a function of a `Sample`, that is of b samples at once. What several metrics need (counts, a sort) is a
function too, and `once` computes it once.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

import numpy as np

from darkroom.metrics.design import Design, independent

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class _Memo:
    _results: dict[Callable, Any] = field(default_factory=dict, init=False, repr=False)

    def once(self, compute: Callable[[Self], T]) -> T:
        """Return `compute(self)`, computed on the first call."""
        if compute not in self._results:
            self._results[compute] = compute(self)
        return self._results[compute]


@dataclass(frozen=True, eq=False)
class Predictions(_Memo):
    """The predictions of one model for n images of k classes."""

    labels: np.ndarray  # int64 (n,)
    predicted: np.ndarray  # int64 (n,)
    k: int
    design: Design
    given: np.ndarray | None = None  # float (n, k), the probabilities; None where only the classes are known

    @property
    def n(self) -> int:
        return len(self.labels)

    @property
    def probabilities(self) -> np.ndarray:
        """Raises ValueError where only the classes are known."""
        if self.given is None:
            raise ValueError("this metric needs probabilities")
        return self.given


@dataclass(frozen=True, eq=False)
class Sample(_Memo):
    """b bootstrap samples of the predictions. Their sizes differ where clusters do."""

    predictions: Predictions
    weights: np.ndarray  # float (n, b): how often each sample drew each image

    def mean(self, per_image: Callable[[Predictions], np.ndarray]) -> np.ndarray:
        """The mean `(b,)` of a value of each image, `per_image(predictions)` float `(n,)`."""
        return np.einsum("n,nb->b", self.predictions.once(per_image), self.weights) / self.once(size)


def size(sample: Sample) -> np.ndarray:
    """How many images each sample drew, float64 `(b,)`."""
    return sample.weights.sum(0, dtype=np.float64)


def from_probabilities(labels: np.ndarray, probabilities: np.ndarray, design: Design | None = None) -> Predictions:
    """Predict the most probable class of each image; `labels` int64 `(n,)`, `probabilities` float `(n, k)`.

    Without a `design` the images are independent.
    """
    design = design or independent(len(labels))
    return Predictions(labels, probabilities.argmax(1), probabilities.shape[1], design, probabilities)
