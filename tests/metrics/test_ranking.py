"""metrics.ranking: ranks, ties and groups follow what is proven."""

from itertools import combinations

import numpy as np
import pytest

from darkroom.metrics import ranking

NAMES = ["a", "b", "c", "d", "e"]


def outcomes(*apart: str) -> list[dict]:
    """All pairs of NAMES; in those that are named the first is better."""
    return [{"a": a, "b": b, "verdict": "a better" if a + b in apart else ranking.UNDECIDED}
            for a, b in combinations(NAMES, 2)]  # fmt: skip


def test_holm_is_the_table_of_a_textbook():
    # Holm (1979): 0.01, 0.04, 0.03, 0.005 times 3, 1, 2, 4, made monotone
    assert ranking.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert ranking.holm([]) == []


def test_nothing_proven_is_one_group_and_no_model_is_better():
    assert ranking.groups(NAMES, outcomes()) == [NAMES]
    assert ranking.proven_better(NAMES, outcomes()) == {name: [] for name in NAMES}


def test_a_model_between_two_is_in_both_groups():
    pairs = outcomes("ac", "ad", "ae", "bd", "be", "cd", "ce")
    assert ranking.groups(NAMES, pairs) == [["a", "b"], ["b", "c"], ["d", "e"]]
    better = {"a": [], "b": [], "c": ["a"], "d": ["a", "b", "c"], "e": ["a", "b", "c"]}
    assert ranking.proven_better(NAMES, pairs) == better
    assert ranking.ties(NAMES, pairs)["b"] == ["a", "c"]


@pytest.mark.parametrize("seed", range(30))
def test_groups_are_the_largest_sets_of_models_without_a_proven_difference(seed):
    rng = np.random.default_rng(seed)
    apart = {a + b for a, b in combinations(NAMES, 2) if rng.random() < 0.4}
    indistinct = [set(some) for size in range(1, 6) for some in combinations(NAMES, size)
             if not any(a + b in apart for a, b in combinations(some, 2))]  # fmt: skip
    largest = [some for some in indistinct if not any(some < other for other in indistinct)]
    groups = ranking.groups(NAMES, outcomes(*apart))
    assert sorted(map(sorted, groups)) == sorted(map(sorted, largest))
