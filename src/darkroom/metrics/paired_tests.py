"""Test whether two models that answered the same images differ by a metric beyond chance.

If the models are equally good, it is chance which of them gave which answer: swapping their answers for some images
gives a test set that was as likely. Images of one cluster are not independent, so their answers are swapped together.
For accuracy the chances of all swaps are added up exactly; with independent images that is the mid-p test of McNemar
(Fagerland, Lydersen and Laake 2013). Every other metric is computed again for random swaps, because McNemar's test
is of accuracy alone: a model that gains on a rare class and loses more on a frequent one is worse by it.
Dror et al. (2018) choose the tests likewise. The price of random swaps: p is no smaller than 1 / (permutations + 1).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from darkroom.metrics import design, metric_table
from darkroom.metrics.bootstrap import BLOCK
from darkroom.metrics.sample import Predictions, Sample

PERMUTATIONS = 9_999  # so that p = 0.05 is known to 0.002
ROUNDING = 1e-9  # differences of a metric that are no further apart are equal


class Result(NamedTuple):
    """The two-sided p of a test, and the name of that test."""

    p: float
    test: str


class Permutations(NamedTuple):
    """How many random swaps to try, and the seed that draws them."""

    draws: int
    seed: int


def permutations(pairs: int, confidence: float, seed: int) -> Permutations:
    """Return enough permutations for the smallest p, times the number of pairs (Holm), to be a tenth of the level."""
    return Permutations(max(PERMUTATIONS, round(10 * pairs / (1 - confidence))), seed)


def compare(a: Predictions, b: Predictions, metric: str, permutations: Permutations) -> Result:
    """Test whether two models differ by a metric of predicted classes, by the test that suits it.

    `a` and `b` are the predictions for the same images, from the same design.
    """
    by_cluster = " by cluster" if a.design.n_clusters < a.n else ""
    if metric == "accuracy":
        return Result(mcnemar(a, b), f"McNemar, mid-p{by_cluster}")
    label, function = metric_table.label(metric), metric_table.METRICS[metric].function
    return Result(permutation(a, b, function, permutations), f"paired permutation of {_in_text(label)}{by_cluster}")


def mcnemar(a: Predictions, b: Predictions) -> float:
    """Return the mid-p of McNemar's test of accuracy, swapping whole clusters.

    1 where both models are right on the same number of images in every cluster.
    """
    right = (a.predicted == a.labels).astype(np.int64) - (b.predicted == b.labels)
    gains = np.bincount(a.design.cluster_of, weights=right).astype(np.int64)
    if not gains.any():
        return 1.0
    chances = _chances(np.abs(gains[gains != 0]))
    differences = np.abs(2 * np.arange(len(chances)) - (len(chances) - 1))
    observed = abs(int(gains.sum()))
    return float(min(1.0, chances[differences > observed].sum() + chances[differences == observed].sum() / 2))


def permutation(
    a: Predictions, b: Predictions, function: Callable[[Sample], np.ndarray], permutations: Permutations
) -> float:
    """Return the p of a metric, a `function` of samples to `(b,)`, under random swaps of whole clusters.

    (1 + hits) / (1 + permutations): the observed answers are one of the swaps (Phipson and Smyth 2010).
    """
    swap = _Swap.of(a, b)
    observed = abs(swap.differences(np.zeros((swap.units, 1), bool), function)[0])
    hits = 0
    for swaps in _draw(swap.units, permutations):
        hits += int((np.abs(swap.differences(swaps, function)) >= observed - ROUNDING).sum())
    return (1 + hits) / (1 + permutations.draws)


@dataclass(frozen=True, eq=False)
class _Swap:
    """The answers of two models, weighted so that a metric of many swaps is a few sums.

    The rows of `answers` are, once for each number of `agreed`, what both models answered, with how often they did;
    then the d images on which they differ, with the answers of the first model and once more with those of the second.
    """

    answers: Predictions
    agreed: np.ndarray  # float32 (cells,)
    unit: np.ndarray  # int64 (d,), which unit swaps the image; a unit is a cluster in which the models differ
    units: int

    @classmethod
    def of(cls, a: Predictions, b: Predictions) -> "_Swap":
        differ = a.predicted != b.predicted
        cells, agreed = np.unique(np.stack([a.labels, a.predicted])[:, ~differ], axis=1, return_counts=True)
        labels = np.concatenate([cells[0], a.labels[differ], a.labels[differ]])
        predicted = np.concatenate([cells[1], a.predicted[differ], b.predicted[differ]])
        clusters, unit = np.unique(a.design.cluster_of[differ], return_inverse=True)
        answers = Predictions(labels, predicted, a.k, design.independent(len(labels)))
        return cls(answers, agreed.astype(np.float32), unit, len(clusters))

    def differences(self, swaps: np.ndarray, function: Callable[[Sample], np.ndarray]) -> np.ndarray:
        """The metric of the first model minus that of the second, `(b,)`, after `swaps` bool `(units, b)`."""
        agreed = np.repeat(self.agreed[:, np.newaxis], swaps.shape[1], axis=1)
        swapped = swaps[self.unit].astype(np.float32)
        first = Sample(self.answers, np.concatenate([agreed, 1 - swapped, swapped]))
        second = Sample(self.answers, np.concatenate([agreed, swapped, 1 - swapped]))
        return function(first) - function(second)


def _draw(units: int, permutations: Permutations) -> Iterator[np.ndarray]:
    """Which units are swapped, bool `(units, b)` in blocks of `permutations.draws` columns in all."""
    rng = np.random.default_rng(permutations.seed)
    for start in range(0, permutations.draws, BLOCK):
        yield rng.integers(2, size=(units, min(BLOCK, permutations.draws - start)), dtype=bool)


def _chances(gains: np.ndarray) -> np.ndarray:
    """The chance of each sum, from -s to s in steps of 2, when each of `gains` int64 `(m,)` has a random sign.

    `s` is the sum of all gains; the result is float64 `(s + 1,)`. Gains of one size have a binomial sum.
    """
    chances = np.ones(1)
    for size, count in zip(*np.unique(gains, return_counts=True), strict=True):
        stretched = np.zeros(size * count + 1)
        stretched[::size] = _binomial(int(count))
        chances = np.convolve(chances, stretched)
    return chances


def _binomial(n: int) -> np.ndarray:
    """The chance of 0 to n heads of n fair coins, `(n + 1,)`; without scipy, which takes a second to import."""
    log_factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    return np.exp(log_factorials[n] - log_factorials - log_factorials[::-1] - n * np.log(2))


def _in_text(label: str) -> str:
    """`Balanced accuracy` as balanced accuracy; F1 macro stays."""
    return label if label[:2].isupper() else label[0].lower() + label[1:]
