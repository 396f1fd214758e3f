"""Better, or only luckier? Pairs of models that saw the same test images.

A model is called better when two things agree: McNemar's exact test (1947) on the images that only one of
the two got right, corrected for the number of pairs by Holm (1979), and a paired bootstrap interval of the
difference that leaves out zero. The price of asking both: a small true difference is more often called
"not distinguishable".
"""

from collections.abc import Mapping
from functools import partial
from itertools import combinations

import numpy as np

from darkroom.metrics import bootstrap, classification, metrics, standing
from darkroom.metrics.standing import UNDECIDED
from darkroom.params import Compare


def compare(labels: np.ndarray, predicted: Mapping[str, np.ndarray], *, k: int, config: Compare, seed: int) -> dict:
    """What comparison.json holds: a ranking, every pair, the best, and a sentence.

    `labels` int64 `(n,)`, `predicted` the same for each model of `k` classes.
    """
    metric, confidence = config.metric, config.confidence
    draw = partial(_drawn, labels, k=k, config=config, seed=seed)
    drawn = {name: draw(p) for name, p in predicted.items()}
    names = sorted(drawn, key=lambda name: (-drawn[name][0], name))
    pairs = []
    for a, b in combinations(names, 2):
        p = mcnemar(labels, predicted[a], predicted[b])
        pairs.append({"a": a, "b": b, **_pair(drawn[a], drawn[b], confidence), "mcnemar_p": p})
    for pair, p in zip(pairs, holm([pair["mcnemar_p"] for pair in pairs]), strict=True):
        pair |= {"p_corrected": p, "verdict": _verdict(pair, p, confidence)}
    scores = {name: metrics.scored(*drawn[name], confidence, len(labels)) for name in names}
    ranks, ties = standing.ranks(names, pairs), standing.ties(names, pairs)
    ranking = [{"model": m, "rank": ranks[m], **scores[m], "tied_with": ties[m]} for m in names]
    return {
        "metric": metric,
        "n": len(labels),
        "confidence": confidence,
        "ranking": ranking,
        "groups": standing.groups(names, pairs),
        "pairs": pairs,
        "best": names[0],
        "sentence": _sentence(ranking, metric, len(labels)),
    }


def better(labels: np.ndarray, new: np.ndarray, old: np.ndarray, *, k: int, config: Compare, seed: int) -> dict:
    """`{difference, low, high, mcnemar_p, proven}` of predictions `new` over `old`, int64 `(n,)` each."""
    ours, theirs = (_drawn(labels, p, k=k, config=config, seed=seed) for p in (new, old))
    pair = {**_pair(ours, theirs, config.confidence), "mcnemar_p": mcnemar(labels, new, old)}
    return {**pair, "proven": _verdict(pair, pair["mcnemar_p"], config.confidence) == "a better"}


def score(labels: np.ndarray, predicted: np.ndarray, *, k: int, config: Compare, seed: int) -> metrics.Score:
    """`{value, low, high}` of the metric of `config`, for predictions int64 `(n,)`."""
    return metrics.scored(*_drawn(labels, predicted, k=k, config=config, seed=seed), config.confidence, len(labels))


def mcnemar(labels: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """The exact two-sided p of McNemar's test; 1 when no image tells the two apart."""
    from scipy.stats import binomtest  # over a second to import

    only_a, only_b = int(((a == labels) & (b != labels)).sum()), int(((b == labels) & (a != labels)).sum())
    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def fisher(right: np.ndarray, inside: np.ndarray) -> float:
    """The p of Fisher's exact test (1922) that the fraction of `right` bool `(n,)` is the same inside and outside."""
    from scipy.stats import fisher_exact

    table = [[int((right[rows] == hit).sum()) for hit in (True, False)] for rows in (inside, ~inside)]
    return float(fisher_exact(table).pvalue)


def holm(ps: list[float]) -> list[float]:
    """The p-values corrected for their number (Holm 1979), in the order given."""
    corrected, largest = [0.0] * len(ps), 0.0
    for rank, i in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        largest = max(largest, min(1.0, ps[i] * (len(ps) - rank)))
        corrected[i] = largest
    return corrected


def _drawn(
    labels: np.ndarray, predicted: np.ndarray, *, k: int, config: Compare, seed: int
) -> tuple[float, np.ndarray]:
    """The value and its bootstrap samples `(resamples,)`: the same images in the same sample of every model."""
    statistic = classification.statistic(labels, predicted, k)
    return metrics.with_intervals(labels, statistic, resamples=config.resamples, seed=seed)[0][config.metric]


def _pair(a: tuple[float, np.ndarray], b: tuple[float, np.ndarray], confidence: float) -> dict:
    difference = float(a[0] - b[0])
    low, high = bootstrap.interval(difference, a[1] - b[1], confidence)
    return {"difference": difference, "low": low, "high": high}


def _verdict(pair: dict, p: float, confidence: float) -> str:
    if p >= 1 - confidence or pair["low"] <= 0 <= pair["high"]:
        return UNDECIDED
    return "a better" if pair["difference"] > 0 else "b better"


def _sentence(ranking: list[dict], metric: str, n: int) -> str:
    top, *others = ranking
    said = f"{top['model']} leads with {metric} {top['value']:.3f} ({top['low']:.3f} to {top['high']:.3f}, n = {n})"
    if not others:
        return said
    if not top["tied_with"]:
        return f"{said}, better than every other model beyond chance"
    return f"{said}, not distinguishable from {', '.join(top['tied_with'])}"
