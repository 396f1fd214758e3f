"""Is a recipe better, or only the model that it gave this time?

The difference of two trained models is widened by what another training of each would change. Its variance is that of
the test images, from the paired interval, plus s_a^2 + s_b^2, where s is the standard deviation between trainings from
other seeds and on bootstrap draws of the training images. The variances are not divided by the number of trainings:
all draws come from the same training images, so their mean does not average out which images those happened to be.
Divided, equal recipes on other training images are told apart in 14.0 % of pairs, undivided in 3.5 % (nominal 5 %;
200 pairs of small networks on 300 of MNIST's images, three trainings more of each, 2,000 test images;
`benchmarks/statistics/recipes.py`).
"""

from collections.abc import Mapping, Sequence
from statistics import variance
from typing import TypedDict

import numpy as np

from darkroom.metrics import intervals, training_variance
from darkroom.metrics.design import independent
from darkroom.metrics.metric_table import METRICS
from darkroom.metrics.ranking import UNDECIDED, Pair, Ranking
from darkroom.metrics.sample import Predictions, Sample
from darkroom.metrics.training_variance import TrainingVariance


class RecipeDifference(TypedDict):
    """How much better the recipe of model `a` is than that of `b`, with an interval that contains training."""

    a: str
    b: str
    difference: float  # of the two models in models/
    low: float
    high: float
    df: float | None  # degrees of freedom; None where all trainings gave the same value
    values: dict[str, list[float]]  # of the metric on the test images, by model, of each training more
    better: str | None  # a or b; None where zero lies in the interval, or the models themselves are undecided


def values(labels: np.ndarray, predicted: Sequence[np.ndarray], k: int, metric: str) -> list[float]:
    """Return the metric of each of the `predicted` int64 `(n,)`; `labels` int64 `(n,)`."""
    design, all_images = independent(len(labels)), np.ones((len(labels), 1))
    samples = [Sample(Predictions(labels, one, k, design), all_images) for one in predicted]
    return [float(METRICS[metric].function(sample)[0]) for sample in samples]


def compare(ranked: Ranking, again: Mapping[str, Sequence[float]]) -> RecipeDifference | None:
    """Compare the recipes of the two models whose values `again` has; None where it has none."""
    pair = next((pair for pair in ranked["pairs"] if {pair["a"], pair["b"]} == again.keys()), None)
    return pair and _widened(pair, again, ranked["confidence"])


def sentence(recipes: RecipeDifference) -> str:
    """Return the sentence on the recipes, without a full stop."""
    a, b, trainings = recipes["a"], recipes["b"], len(recipes["values"][recipes["a"]])
    numbers = f"{recipes['difference']:+.3f} ({recipes['low']:+.3f} to {recipes['high']:+.3f}) for {a}"
    again = f"with {trainings} trainings more of each"
    if recipes["better"] is None:
        return f"{again}, the recipes of {a} and {b} are not distinguishable: {numbers}"
    return f"{again}, the recipe of {recipes['better']} is better beyond chance and training: {numbers}"


def _widened(pair: Pair, again: Mapping[str, Sequence[float]], confidence: float) -> RecipeDifference:
    standard_error = (pair["high"] - pair["low"]) / 2 / intervals.quantile(confidence)
    parts = [TrainingVariance(variance(again[name]), len(again[name])) for name in (pair["a"], pair["b"])]
    length, df = training_variance.reach(standard_error, parts, confidence)
    difference = pair["difference"]
    return {
        "a": pair["a"],
        "b": pair["b"],
        "difference": difference,
        "low": difference - length,
        "high": difference + length,
        "df": df,
        "values": {name: list(again[name]) for name in (pair["a"], pair["b"])},
        "better": None if pair["verdict"] == UNDECIDED or abs(difference) <= length else _ahead(pair),
    }


def _ahead(pair: Pair) -> str:
    return pair["a"] if pair["difference"] > 0 else pair["b"]
