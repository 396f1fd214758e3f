"""Who stands where when some pairs of models cannot be told apart.

"Not distinguishable" is no equality: a may be so from b, and b from c, while a is proven better than c. So a model
may be in two groups, and ranks follow what is proven, not the values.
"""

from collections.abc import Mapping, Sequence

UNDECIDED = "not distinguishable"

Pair = Mapping  # the models a and b, and the verdict: a better, b better, or UNDECIDED


def ties(names: Sequence[str], pairs: Sequence[Pair]) -> dict[str, list[str]]:
    """Of each model those that it cannot be told from."""
    level = [(pair["a"], pair["b"]) for pair in pairs if pair["verdict"] == UNDECIDED]
    return {name: [b if a == name else a for a, b in level if name in (a, b)] for name in names}


def ranks(names: Sequence[str], pairs: Sequence[Pair]) -> dict[str, int]:
    """1 and the number of models that are proven better."""
    losers = [pair["b" if pair["verdict"] == "a better" else "a"] for pair in pairs if pair["verdict"] != UNDECIDED]
    return {name: 1 + losers.count(name) for name in names}


def groups(names: Sequence[str], pairs: Sequence[Pair]) -> list[list[str]]:
    """The largest sets of models of which no two can be told apart, in the order of `names`.

    By insertion and absorption (Piepho 2004): each proven difference splits the sets that hold both.
    """
    found = [frozenset(names)]
    for pair in pairs:
        if pair["verdict"] != UNDECIDED:
            apart = {pair["a"], pair["b"]}
            parts = [group - {name} if apart <= group else group for group in found for name in sorted(apart)]
            found = _largest(parts)
    ordered = [sorted(group, key=names.index) for group in found]
    return sorted(ordered, key=lambda group: [names.index(name) for name in group])


def _largest(sets: Sequence[frozenset[str]]) -> list[frozenset[str]]:
    """Each of the sets once, without those that lie in another."""
    return [one for one in dict.fromkeys(sets) if not any(one < other for other in sets)]
