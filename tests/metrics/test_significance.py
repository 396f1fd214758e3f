"""metrics.significance: better means better beyond chance."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import binom

from darkroom.metrics import metrics, significance
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.metrics.sample import from_probabilities
from darkroom.runtime import files

BOOTSTRAP = Bootstrap(resamples=300, confidence=0.95, seed=1)
BY_ACCURACY = (2, "accuracy", BOOTSTRAP)  # the number of classes, the metric, and how to draw
LABELS = np.repeat([0, 1], 150)


def with_errors(*rows: range) -> np.ndarray:
    predicted = LABELS.copy()
    for row in (i for some in rows for i in some):
        predicted[row] = 1 - predicted[row]
    return predicted


def pair(a: np.ndarray, b: np.ndarray, bootstrap: Bootstrap = BOOTSTRAP) -> dict:
    """The comparison of model `a` with model `b`."""
    (compared,) = significance.compare(LABELS, {"a": a, "b": b}, 2, "accuracy", bootstrap)["pairs"]
    return compared


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 1), (3, 9), (10, 10), (1, 40)])
def test_mcnemar_is_the_exact_binomial_of_the_discordant_images(only_a, only_b):
    p = significance.mcnemar(LABELS, with_errors(range(only_b)), with_errors(range(100, 100 + only_a)))
    assert p == pytest.approx(min(1, 2 * binom.cdf(min(only_a, only_b), only_a + only_b, 0.5)), abs=1e-12)


def test_equal_models_are_not_distinguishable():
    compared = pair(with_errors(range(9)), with_errors(range(9)))
    assert (compared["difference"], compared["mcnemar_p"]) == (0, 1)
    assert compared["verdict"] == significance.UNDECIDED


def test_a_few_images_more_prove_nothing():
    assert pair(with_errors(range(10)), with_errors(range(13)))["verdict"] == significance.UNDECIDED


def test_forty_images_more_prove_it_and_only_for_the_better_model():
    good, bad = with_errors(range(5)), with_errors(range(45))
    for models in ({"good": good, "bad": bad}, {"bad": bad, "good": good}):
        comparison = significance.compare(LABELS, models, *BY_ACCURACY)
        assert comparison["pairs"][0]["verdict"] == "a better" and comparison["best"] == "good"


def test_holm_is_the_table_of_a_textbook():
    # Holm (1979): 0.01, 0.04, 0.03, 0.005 times 3, 1, 2, 4, made monotone
    assert significance.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert significance.holm([]) == []


def test_a_true_null_is_rarely_rejected():
    """200 pairs that are equally good; at most 5 % plus three standard errors may be called different."""
    rng, called = np.random.default_rng(2), 0
    for seed in range(200):
        a, b = (np.where(rng.random(300) < 0.9, LABELS, 1 - LABELS) for _ in range(2))
        called += pair(a, b, Bootstrap(100, 0.95, seed))["verdict"] != significance.UNDECIDED
    assert called / 200 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def test_the_ranking_says_who_is_tied_with_whom():
    comparison = significance.compare(
        LABELS,
        {"poor": with_errors(range(90)), "fine": with_errors(range(10)), "good": with_errors(range(8))},
        *BY_ACCURACY,
    )
    assert [row["model"] for row in comparison["ranking"]] == ["good", "fine", "poor"]
    assert [row["tied_with"] for row in comparison["ranking"]] == [["fine"], ["good"], []]
    assert {(p["a"], p["b"]): p["verdict"] for p in comparison["pairs"]} == {
        ("good", "fine"): "not distinguishable",
        ("good", "poor"): "a better",
        ("fine", "poor"): "a better",
    }
    assert comparison["best"] == "good"
    assert comparison["sentence"].endswith("not distinguishable from fine")


def test_one_model_is_ranked_alone():
    comparison = significance.compare(LABELS, {"cnn": with_errors(range(3))}, *BY_ACCURACY)
    assert (comparison["pairs"], comparison["ranking"][0]["value"]) == ([], 0.99)


def test_ranks_follow_what_is_proven():
    comparison = significance.compare(
        LABELS,
        {"poor": with_errors(range(90)), "fine": with_errors(range(10)), "good": with_errors(range(8))},
        *BY_ACCURACY,
    )
    assert [row["rank"] for row in comparison["ranking"]] == [1, 1, 3]
    assert comparison["groups"] == [["good", "fine"], ["poor"]]


def test_an_interval_of_the_ranking_is_that_of_the_metrics():
    predicted = with_errors(range(20))
    row = significance.compare(LABELS, {"cnn": predicted}, *BY_ACCURACY)["ranking"][0]
    alone = metrics.scores(from_probabilities(LABELS, np.eye(2)[predicted]), BOOTSTRAP).overall["accuracy"]
    assert {key: row[key] for key in alone} == alone


def test_what_is_written_is_read_by_the_same_type(tmp_path):
    comparison = significance.compare(LABELS, {"a": with_errors(range(9)), "b": with_errors(range(5))}, *BY_ACCURACY)
    files.write_json(tmp_path / "comparison.json", comparison)
    assert significance.read(tmp_path / "comparison.json") == comparison
    assert list(comparison) == list(significance.Comparison.__annotations__)


def test_fisher_exact_matches_the_tea_tasting_example():
    """Fisher's lady: four cups of eight, three of them right; one-sided 17/70, so 34/70 on both sides."""
    correct, inside = np.array([1, 1, 1, 0, 1, 0, 0, 0], bool), np.arange(8) < 4
    assert significance.fisher(correct, inside) == pytest.approx(34 / 70, abs=1e-12)


NAMES = ["a", "b", "c", "d", "e"]


def pairs_of(*apart: str) -> list[dict]:
    """All pairs of NAMES; in those that are named the first is better."""
    return [{"a": a, "b": b, "verdict": "a better" if a + b in apart else significance.UNDECIDED}
            for a, b in combinations(NAMES, 2)]  # fmt: skip


def test_nothing_proven_is_one_group_and_one_rank():
    assert significance.groups(NAMES, pairs_of()) == [NAMES]
    assert set(significance.proven_ranks(NAMES, pairs_of()).values()) == {1}


def test_a_model_between_two_is_in_both_groups():
    pairs = pairs_of("ac", "ad", "ae", "bd", "be", "cd", "ce")
    assert significance.groups(NAMES, pairs) == [["a", "b"], ["b", "c"], ["d", "e"]]
    assert significance.proven_ranks(NAMES, pairs) == {"a": 1, "b": 1, "c": 2, "d": 4, "e": 4}
    assert significance.ties(NAMES, pairs)["b"] == ["a", "c"]


@pytest.mark.parametrize("seed", range(30))
def test_groups_are_the_largest_sets_of_models_without_a_proven_difference(seed):
    rng = np.random.default_rng(seed)
    apart = {a + b for a, b in combinations(NAMES, 2) if rng.random() < 0.4}
    indistinct = [set(some) for size in range(1, 6) for some in combinations(NAMES, size)
             if not any(a + b in apart for a, b in combinations(some, 2))]  # fmt: skip
    largest = [some for some in indistinct if not any(some < other for other in indistinct)]
    groups = significance.groups(NAMES, pairs_of(*apart))
    assert sorted(map(sorted, groups)) == sorted(map(sorted, largest))
