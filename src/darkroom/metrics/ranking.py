"""Rank models by what is proven between each two of them.

"Not distinguishable" is no equality: a may be so from b, and b from c, while a is proven better than c. So a model
may be in two groups, and ranks follow what is proven, not the values.
"""

from collections.abc import Sequence
from typing import Literal, TypedDict

from darkroom.metrics.intervals import Score

Verdict = Literal["a better", "b better", "not distinguishable"]
UNDECIDED: Literal["not distinguishable"] = "not distinguishable"


class Outcome(TypedDict):
    """What is proven between the models `a` and `b`."""

    a: str
    b: str
    verdict: Verdict


class Pair(Outcome):
    """How much better model `a` is than `b` by the metric, with its interval, and what the named test says."""

    difference: float
    low: float
    high: float
    test: str
    p: float
    p_corrected: float  # by Holm, for the number of pairs


class Ranked(Score):
    """A model with its rank and its value of the metric."""

    model: str
    rank: int  # 1 and the number of models that are proven better
    tied_with: list[str]  # the models that it cannot be distinguished from


class Ranking(TypedDict):
    """How models compare on the test images."""

    metric: str
    n: int  # test images
    clusters: int  # of images that are not independent; n where every image is
    confidence: float
    ranking: list[Ranked]  # by falling value
    groups: list[list[str]]  # the largest sets of models of which no two can be distinguished
    pairs: list[Pair]


def holm(ps: Sequence[float]) -> list[float]:
    """Correct p-values for their number (Holm 1979), in the order given."""
    corrected, largest = [0.0] * len(ps), 0.0
    for rank, i in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
        largest = max(largest, min(1.0, ps[i] * (len(ps) - rank)))
        corrected[i] = largest
    return corrected


def ties(names: Sequence[str], outcomes: Sequence[Outcome]) -> dict[str, list[str]]:
    """Return for each model those that it cannot be distinguished from."""
    undecided = [(one["a"], one["b"]) for one in outcomes if one["verdict"] == UNDECIDED]
    return {name: [b if a == name else a for a, b in undecided if name in (a, b)] for name in names}


def proven_better(names: Sequence[str], outcomes: Sequence[Outcome]) -> dict[str, list[str]]:
    """Return for each model those that are proven better than it."""
    won = [(one["a"], one["b"]) if one["verdict"] == "a better" else (one["b"], one["a"]) for one in _decided(outcomes)]
    return {name: [winner for winner, loser in won if loser == name] for name in names}


def groups(names: Sequence[str], outcomes: Sequence[Outcome]) -> list[list[str]]:
    """Return the largest sets of models of which no two can be distinguished, in the order of `names`.

    By insertion and absorption (Piepho 2004): each proven difference splits the sets that hold both.
    """
    sets = [frozenset(names)]
    for outcome in _decided(outcomes):
        both = {outcome["a"], outcome["b"]}
        sets = _largest([group - {name} if both <= group else group for group in sets for name in sorted(both)])
    ordered = [sorted(group, key=names.index) for group in sets]
    return sorted(ordered, key=lambda group: [names.index(name) for name in group])


def _decided(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome["verdict"] != UNDECIDED]


def _largest(sets: Sequence[frozenset[str]]) -> list[frozenset[str]]:
    """Each of the sets once, without those that lie in another."""
    return [one for one in dict.fromkeys(sets) if not any(one < other for other in sets)]
