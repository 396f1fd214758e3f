"""Better, or only luckier? Compares models that saw the same test images.

A model is called better when the test that suits the metric (`paired_tests`) says so, corrected for the number of
pairs by Holm (1979); the sign of the difference says which. The interval of the difference describes it and decides
nothing. Test images tell trained models apart and not recipes: another training could come out otherwise.

The model that stands for the run is chosen on the validation images. Whichever does best on the test images flatters
itself there: by 1.3 points where five equally good models (accuracy 0.90) have 354 images, and then becomes champion
in 7.8 % of cases instead of 2.5 % (`benchmarks/statistics/promotions.py`).
"""

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from darkroom.metrics import headline, metrics, paired_tests, ranking, recipe_difference
from darkroom.metrics.bootstrap import Bootstrap, Estimate, interval
from darkroom.metrics.design import Design
from darkroom.metrics.intervals import Score
from darkroom.metrics.metric_table import METRICS
from darkroom.metrics.paired_tests import Result
from darkroom.metrics.ranking import UNDECIDED, Pair, Ranking, Verdict
from darkroom.metrics.recipe_difference import RecipeDifference
from darkroom.metrics.sample import Predictions
from darkroom.runtime import files


class Comparison(Ranking):
    """What comparison.json holds."""

    best: str  # the model with the lowest log loss on the validation images
    recipes: RecipeDifference | None  # of the two best; None where `repeat` trained none again
    sentence: str


class _Model(NamedTuple):
    name: str
    predictions: Predictions
    estimate: Estimate  # of the metric; bootstrap samples are the same for every model


def compare(
    labels: np.ndarray, predicted: Mapping[str, np.ndarray], k: int, metric: str, bootstrap: Bootstrap, design: Design
) -> Ranking:
    """Rank the models by a metric of predicted classes, and say which differ beyond chance.

    `labels` int64 `(n,)`, `predicted` the same for each model of `k` classes.
    """
    predictions = {name: Predictions(labels, p, k, design) for name, p in predicted.items()}
    models = [_Model(name, p, _estimate(p, metric, bootstrap)) for name, p in predictions.items()]
    models.sort(key=lambda model: (-model.estimate.value, model.name))
    pairs = _pairs(models, metric, bootstrap)
    names = [model.name for model in models]
    ties, better = ranking.ties(names, pairs), ranking.proven_better(names, pairs)
    scores = {model.name: _score(model, metric, bootstrap.confidence) for model in models}
    return {
        "metric": metric,
        "n": len(labels),
        "clusters": design.n_clusters,
        "confidence": bootstrap.confidence,
        "ranking": [
            {"model": name, **scores[name], "rank": 1 + len(better[name]), "tied_with": ties[name]} for name in names
        ],
        "groups": ranking.groups(names, pairs),
        "pairs": pairs,
    }


def choose(ranked: Ranking, validation: Mapping[str, float], recipes: RecipeDifference | None = None) -> Comparison:
    """Add the model that stands for the run: that with the lowest log loss of `validation`, by model."""
    best = min((row["model"] for row in ranked["ranking"]), key=lambda name: (validation[name], name))
    sentences = [headline.sentence(ranked, best), *([recipe_difference.sentence(recipes)] if recipes else [])]
    return {**ranked, "best": best, "recipes": recipes, "sentence": "; ".join(sentences)}


def read(path: Path) -> Comparison:
    """Read comparison.json. Raises ArtifactError (exit 4) when it is missing or no JSON object."""
    return files.read_object(path)  # type: ignore[return-value]  # `choose` made it


def _estimate(predictions: Predictions, metric: str, bootstrap: Bootstrap) -> Estimate:
    function = METRICS[metric].function
    return metrics.estimate(predictions, [function], bootstrap)[function]


def _score(model: _Model, metric: str, confidence: float) -> Score:
    return metrics.with_intervals(METRICS[metric], model.predictions, model.estimate, confidence)[0]


def _pairs(models: list[_Model], metric: str, bootstrap: Bootstrap) -> list[Pair]:
    couples = list(combinations(models, 2))
    permutations = paired_tests.permutations(len(couples), bootstrap.confidence, bootstrap.seed)
    tests = [paired_tests.compare(a.predictions, b.predictions, metric, permutations) for a, b in couples]
    corrected = ranking.holm([test.p for test in tests])
    return [
        _pair(a, b, test, p, bootstrap.confidence) for (a, b), test, p in zip(couples, tests, corrected, strict=True)
    ]


def _pair(a: _Model, b: _Model, test: Result, p_corrected: float, confidence: float) -> Pair:
    difference = float(a.estimate.value - b.estimate.value)
    low, high = _interval(difference, a.estimate.samples - b.estimate.samples, test.p, confidence)
    return {
        "a": a.name,
        "b": b.name,
        "verdict": _verdict(difference, p_corrected, confidence),
        "difference": difference,
        "low": low,
        "high": high,
        "test": test.test,
        "p": test.p,
        "p_corrected": p_corrected,
    }


def _verdict(difference: float, p: float, confidence: float) -> Verdict:
    if p >= 1 - confidence:
        return UNDECIDED
    return "a better" if difference > 0 else "b better"


def _interval(difference: float, samples: np.ndarray, p: float, confidence: float) -> tuple[float, float]:
    """The paired bootstrap interval, widened to hold zero where the test cannot exclude it."""
    low, high = interval(difference, samples, confidence)
    assert low is not None and high is not None  # no metric of predicted classes is NaN
    return (low, high) if p < 1 - confidence else (min(low, 0.0), max(high, 0.0))
