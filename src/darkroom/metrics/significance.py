"""Better, or only luckier? Compares models that saw the same test images, and ranks them.

A model is called better when two things agree: McNemar's exact test (1947) on the images that only one of
the two got right, corrected for the number of pairs by Holm (1979), and a paired bootstrap interval of the
difference that leaves out zero. The price of asking both: a small true difference is more often called
"not distinguishable".

"Not distinguishable" is no equality: a may be so from b, and b from c, while a is proven better than c. So a model
may be in two groups, and ranks follow what is proven, not the values.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Literal, TypedDict

import numpy as np

from darkroom.metrics import metrics
from darkroom.metrics.bootstrap import Bootstrap, interval
from darkroom.metrics.intervals import Score
from darkroom.metrics.metric_table import METRICS
from darkroom.metrics.metrics import Estimate
from darkroom.metrics.sample import Predictions
from darkroom.runtime import files

UNDECIDED: Literal["not distinguishable"] = "not distinguishable"
Verdict = Literal["a better", "b better", "not distinguishable"]


class Difference(TypedDict):
    """How much better one model is than another, by the metric, with its interval; and McNemar's p."""

    difference: float
    low: float
    high: float
    mcnemar_p: float


class Pair(Difference):
    """The difference of model `a` over model `b`, and what is proven."""

    a: str
    b: str
    p_corrected: float
    verdict: Verdict


class Ranked(Score):
    """A model with its rank and its value of the metric."""

    model: str
    rank: int  # 1 and the number of models that are proven better
    tied_with: list[str]  # the models that it cannot be distinguished from


class Comparison(TypedDict):
    """What comparison.json holds."""

    metric: str
    n: int  # test images
    confidence: float
    ranking: list[Ranked]  # by falling value
    groups: list[list[str]]
    pairs: list[Pair]
    best: str
    sentence: str


def compare(
    labels: np.ndarray, predicted: Mapping[str, np.ndarray], k: int, metric: str, bootstrap: Bootstrap
) -> Comparison:
    """Rank the models by a metric of predicted classes, and say which differ beyond chance.

    `labels` int64 `(n,)`, `predicted` the same for each model of `k` classes.
    """
    estimates = {name: _estimate(labels, p, k, metric, bootstrap) for name, p in predicted.items()}
    names = sorted(estimates, key=lambda name: (-estimates[name].value, name))
    couples = list(combinations(names, 2))
    differences = [
        _difference(estimates[a], estimates[b], mcnemar(labels, predicted[a], predicted[b]), bootstrap.confidence)
        for a, b in couples
    ]
    corrected = holm([difference["mcnemar_p"] for difference in differences])
    pairs = [
        Pair(a=a, b=b, **difference, p_corrected=p, verdict=_verdict(difference, p, bootstrap.confidence))
        for (a, b), difference, p in zip(couples, differences, corrected, strict=True)
    ]
    scores = {name: metrics.with_interval(estimates[name], bootstrap.confidence, len(labels)) for name in names}
    ranking = _ranking(names, scores, pairs)
    return {
        "metric": metric,
        "n": len(labels),
        "confidence": bootstrap.confidence,
        "ranking": ranking,
        "groups": groups(names, pairs),
        "pairs": pairs,
        "best": names[0],
        "sentence": _sentence(ranking, metric, len(labels)),
    }


def read(path: Path) -> Comparison:
    """Read comparison.json. Raises ArtifactError (exit 4) when it is missing or no JSON object."""
    return files.read_object(path)  # type: ignore[return-value]  # `compare` made it


def mcnemar(labels: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """Return the exact two-sided p of McNemar's test; 1 when both models are right on the same images."""
    from scipy.stats import binomtest  # over a second to import

    only_a, only_b = int(((a == labels) & (b != labels)).sum()), int(((b == labels) & (a != labels)).sum())
    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def fisher(correct: np.ndarray, inside: np.ndarray) -> float:
    """Return the p of Fisher's exact test (1922) that the fraction of `correct` is the same inside and outside.

    `correct` and `inside` bool `(n,)`.
    """
    from scipy.stats import fisher_exact

    table = [[int((correct[rows] == value).sum()) for value in (True, False)] for rows in (inside, ~inside)]
    return float(fisher_exact(table).pvalue)


def holm(ps: Sequence[float]) -> list[float]:
    """Correct p-values for their number (Holm 1979), in the order given."""
    corrected, largest = [0.0] * len(ps), 0.0
    for rank, i in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        largest = max(largest, min(1.0, ps[i] * (len(ps) - rank)))
        corrected[i] = largest
    return corrected


def ties(names: Sequence[str], pairs: Sequence[Pair]) -> dict[str, list[str]]:
    """Return for each model those that it cannot be distinguished from."""
    undecided = [(pair["a"], pair["b"]) for pair in pairs if pair["verdict"] == UNDECIDED]
    return {name: [b if a == name else a for a, b in undecided if name in (a, b)] for name in names}


def proven_ranks(names: Sequence[str], pairs: Sequence[Pair]) -> dict[str, int]:
    """Return for each model 1 and the number of models that are proven better."""
    losers = [pair["b"] if pair["verdict"] == "a better" else pair["a"] for pair in _decided(pairs)]
    return {name: 1 + losers.count(name) for name in names}


def groups(names: Sequence[str], pairs: Sequence[Pair]) -> list[list[str]]:
    """Return the largest sets of models of which no two can be distinguished, in the order of `names`.

    By insertion and absorption (Piepho 2004): each proven difference splits the sets that hold both.
    """
    sets = [frozenset(names)]
    for pair in _decided(pairs):
        both = {pair["a"], pair["b"]}
        sets = _largest([group - {name} if both <= group else group for group in sets for name in sorted(both)])
    ordered = [sorted(group, key=names.index) for group in sets]
    return sorted(ordered, key=lambda group: [names.index(name) for name in group])


def _decided(pairs: Sequence[Pair]) -> list[Pair]:
    return [pair for pair in pairs if pair["verdict"] != UNDECIDED]


def _largest(sets: Sequence[frozenset[str]]) -> list[frozenset[str]]:
    """Each of the sets once, without those that lie in another."""
    return [one for one in dict.fromkeys(sets) if not any(one < other for other in sets)]


def _estimate(labels: np.ndarray, predicted: np.ndarray, k: int, metric: str, bootstrap: Bootstrap) -> Estimate:
    """The same images are in the same sample of every model."""
    function = METRICS[metric].function
    return metrics.estimate(Predictions(labels, predicted, k), [function], bootstrap)[function]


def _difference(a: Estimate, b: Estimate, mcnemar_p: float, confidence: float) -> Difference:
    value = float(a.value - b.value)
    low, high = interval(value, a.samples - b.samples, confidence)
    assert low is not None and high is not None  # no metric of predicted classes is NaN
    return {"difference": value, "low": low, "high": high, "mcnemar_p": mcnemar_p}


def _verdict(difference: Difference, p: float, confidence: float) -> Verdict:
    if p >= 1 - confidence or difference["low"] <= 0 <= difference["high"]:
        return UNDECIDED
    return "a better" if difference["difference"] > 0 else "b better"


def _ranking(names: Sequence[str], scores: Mapping[str, Score], pairs: Sequence[Pair]) -> list[Ranked]:
    rank, tied = proven_ranks(names, pairs), ties(names, pairs)
    return [Ranked(model=name, rank=rank[name], **scores[name], tied_with=tied[name]) for name in names]


def _sentence(ranking: Sequence[Ranked], metric: str, n: int) -> str:
    top, *others = ranking
    text = f"{top['model']} leads with {metric} {top['value']:.3f} ({top['low']:.3f} to {top['high']:.3f}, n = {n})"
    if not others:
        return text
    if not top["tied_with"]:
        return f"{text}, better than every other model beyond chance"
    return f"{text}, not distinguishable from {', '.join(top['tied_with'])}"
