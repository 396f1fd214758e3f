"""judging.standing: groups and ranks of models that cannot all be told apart."""

from itertools import combinations

import numpy as np
import pytest

from darkroom.metrics import standing

NAMES = ["a", "b", "c", "d", "e"]


def pairs(*apart: str) -> list[dict]:
    """All pairs of NAMES; in those that are named the first is better."""
    return [{"a": a, "b": b, "verdict": "a better" if a + b in apart else standing.UNDECIDED}
            for a, b in combinations(NAMES, 2)]  # fmt: skip


def test_nothing_proven_is_one_group_and_one_rank():
    assert standing.groups(NAMES, pairs()) == [NAMES]
    assert set(standing.ranks(NAMES, pairs()).values()) == {1}


def test_a_model_between_two_is_in_both_groups():
    found = pairs("ac", "ad", "ae", "bd", "be", "cd", "ce")
    assert standing.groups(NAMES, found) == [["a", "b"], ["b", "c"], ["d", "e"]]
    assert standing.ranks(NAMES, found) == {"a": 1, "b": 1, "c": 2, "d": 4, "e": 4}
    assert standing.ties(NAMES, found)["b"] == ["a", "c"]


@pytest.mark.parametrize("seed", range(30))
def test_groups_are_the_largest_sets_of_models_that_are_level(seed):
    rng = np.random.default_rng(seed)
    apart = {a + b for a, b in combinations(NAMES, 2) if rng.random() < 0.4}
    level = [set(some) for size in range(1, 6) for some in combinations(NAMES, size)
             if not any(a + b in apart for a, b in combinations(some, 2))]  # fmt: skip
    largest = [some for some in level if not any(some < other for other in level)]
    found = standing.groups(NAMES, pairs(*apart))
    assert sorted(map(sorted, found)) == sorted(map(sorted, largest))
