"""Better, or only luckier? Pairs of models that saw the same test pictures.

A model is called better when two things agree: McNemar's exact test (1947) on the pictures that only one of
the two got right, corrected for the number of pairs by Holm (1979), and a paired bootstrap interval of the
difference that leaves out zero. The price of asking both: a small true difference is more often called
"not distinguishable".
"""

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from darkroom.judging import metrics, resampling

UNDECIDED = "not distinguishable"


def compare(
    labels: np.ndarray,
    predicted: Mapping[str, np.ndarray],
    *,
    k: int,
    metric: str,
    resamples: int,
    confidence: float,
    seed: int,
) -> dict:
    """What comparison.json holds: a ranking, every pair, the best, and a sentence.

    `labels` int64 `(n,)`, `predicted` the same for each model. `metric` is one of metrics.FROM_CONFUSION.
    """
    common = {"k": k, "metric": metric, "resamples": resamples, "confidence": confidence, "seed": seed}
    values = {name: metrics.FROM_CONFUSION[metric](metrics.confusion(labels, p, k)) for name, p in predicted.items()}
    names = sorted(values, key=lambda name: (-values[name], name))
    pairs = [{"a": a, "b": b, **_pair(labels, predicted[a], predicted[b], **common)} for a, b in combinations(names, 2)]
    for pair, p in zip(pairs, holm([pair["mcnemar_p"] for pair in pairs]), strict=True):
        pair |= {"p_corrected": p, "verdict": _verdict(pair, p, confidence)}
    spreads = {name: _spread(labels, predicted[name], **common) for name in names}
    ranking = [{"model": m, "value": values[m], **spreads[m], "tied_with": _ties(m, pairs)} for m in names]
    return {
        "metric": metric,
        "n": len(labels),
        "confidence": confidence,
        "ranking": ranking,
        "pairs": pairs,
        "best": names[0],
        "sentence": _sentence(ranking, metric, len(labels)),
    }


def better(
    labels: np.ndarray,
    new: np.ndarray,
    old: np.ndarray,
    *,
    k: int,
    metric: str,
    resamples: int,
    confidence: float,
    seed: int,
) -> dict:
    """`{difference, low, high, mcnemar_p, proven}` of predictions `new` over `old`, int64 `(n,)` each."""
    common = {"k": k, "metric": metric, "resamples": resamples, "confidence": confidence, "seed": seed}
    pair = _pair(labels, new, old, **common)
    return {**pair, "proven": _verdict(pair, pair["mcnemar_p"], confidence) == "a better"}


def mcnemar(labels: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """The exact two-sided p of McNemar's test; 1 when no picture tells the two apart."""
    from scipy.stats import binomtest  # over a second to import

    only_a, only_b = int(((a == labels) & (b != labels)).sum()), int(((b == labels) & (a != labels)).sum())
    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0


def holm(ps: list[float]) -> list[float]:
    """The p-values corrected for their number (Holm 1979), in the order given."""
    corrected, largest = [0.0] * len(ps), 0.0
    for rank, i in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        largest = max(largest, min(1.0, ps[i] * (len(ps) - rank)))
        corrected[i] = largest
    return corrected


def _pair(labels: np.ndarray, a: np.ndarray, b: np.ndarray, *, k, metric, resamples, confidence, seed) -> dict:
    of = metrics.FROM_CONFUSION[metric]

    def difference(rows: np.ndarray) -> float:
        return of(metrics.confusion(labels[rows], a[rows], k)) - of(metrics.confusion(labels[rows], b[rows], k))

    drawn = np.array([difference(rows) for rows in resampling.samples(labels, resamples, seed)])
    low, high = resampling.interval(drawn, confidence)
    value = difference(np.arange(len(labels)))
    return {"difference": value, "low": low, "high": high, "mcnemar_p": mcnemar(labels, a, b)}


def _spread(labels: np.ndarray, predicted: np.ndarray, *, k, metric, resamples, confidence, seed) -> dict:
    certain = np.eye(k)[predicted]
    score = metrics.summary(labels, certain, k=k, resamples=resamples, confidence=confidence, seed=seed)[metric]
    return {"low": score["low"], "high": score["high"]}


def _verdict(pair: dict, p: float, confidence: float) -> str:
    if p >= 1 - confidence or pair["low"] <= 0 <= pair["high"]:
        return UNDECIDED
    return "a better" if pair["difference"] > 0 else "b better"


def _ties(name: str, pairs: list[dict]) -> list[str]:
    undecided = [(p["a"], p["b"]) for p in pairs if p["verdict"] == UNDECIDED and name in (p["a"], p["b"])]
    return [b if a == name else a for a, b in undecided]


def _sentence(ranking: list[dict], metric: str, n: int) -> str:
    top, *others = ranking
    said = f"{top['model']} leads with {metric} {top['value']:.3f} ({top['low']:.3f} to {top['high']:.3f}, n = {n})"
    if not others:
        return said
    if not top["tied_with"]:
        return f"{said}, better than every other model beyond chance"
    return f"{said}, not distinguishable from {', '.join(top['tied_with'])}"
