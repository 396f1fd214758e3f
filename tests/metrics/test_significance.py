"""judging.significance: better means better beyond chance."""

import numpy as np
import pytest
from scipy.stats import binom

from darkroom.metrics import metrics, significance
from darkroom.params import Compare

JUDGED = Compare(metric="accuracy", resamples=300, confidence=0.95)
HOW = {"k": 2, "config": JUDGED, "seed": 1}
LABELS = np.repeat([0, 1], 150)


def with_errors(*rows: range) -> np.ndarray:
    predicted = LABELS.copy()
    for row in (i for some in rows for i in some):
        predicted[row] = 1 - predicted[row]
    return predicted


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 1), (3, 9), (10, 10), (1, 40)])
def test_mcnemar_is_the_exact_binomial_of_the_discordant_images(only_a, only_b):
    p = significance.mcnemar(LABELS, with_errors(range(only_b)), with_errors(range(100, 100 + only_a)))
    assert p == pytest.approx(min(1, 2 * binom.cdf(min(only_a, only_b), only_a + only_b, 0.5)), abs=1e-12)


def test_equal_models_are_not_told_apart():
    found = significance.better(LABELS, with_errors(range(9)), with_errors(range(9)), **HOW)
    assert (found["difference"], found["mcnemar_p"], found["proven"]) == (0, 1, False)


def test_a_few_images_more_prove_nothing():
    assert not significance.better(LABELS, with_errors(range(10)), with_errors(range(13)), **HOW)["proven"]


def test_forty_images_more_prove_it_and_only_one_way_round():
    good, bad = with_errors(range(5)), with_errors(range(45))
    assert significance.better(LABELS, good, bad, **HOW)["proven"]
    assert not significance.better(LABELS, bad, good, **HOW)["proven"]


def test_holm_is_the_table_of_a_textbook():
    # Holm (1979): 0.01, 0.04, 0.03, 0.005 times 3, 1, 2, 4, made monotone
    assert significance.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert significance.holm([]) == []


def test_a_true_null_is_rarely_rejected():
    """200 pairs that are equally good; at most 5 % plus three standard errors may be called different."""
    rng, called = np.random.default_rng(2), 0
    brief = JUDGED.model_copy(update={"resamples": 100})
    for seed in range(200):
        a, b = (np.where(rng.random(300) < 0.9, LABELS, 1 - LABELS) for _ in range(2))
        pair = significance.better(LABELS, a, b, k=2, config=brief, seed=seed)
        called += pair["proven"] or pair["high"] < 0
    assert called / 200 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def test_the_ranking_says_who_is_tied_with_whom():
    found = significance.compare(
        LABELS, {"poor": with_errors(range(90)), "fine": with_errors(range(10)), "good": with_errors(range(8))}, **HOW
    )
    assert [row["model"] for row in found["ranking"]] == ["good", "fine", "poor"]
    assert [row["tied_with"] for row in found["ranking"]] == [["fine"], ["good"], []]
    assert {(p["a"], p["b"]): p["verdict"] for p in found["pairs"]} == {
        ("good", "fine"): "not distinguishable",
        ("good", "poor"): "a better",
        ("fine", "poor"): "a better",
    }
    assert found["best"] == "good"
    assert found["sentence"].endswith("not distinguishable from fine")


def test_one_model_is_ranked_alone():
    found = significance.compare(LABELS, {"cnn": with_errors(range(3))}, **HOW)
    assert (found["pairs"], found["ranking"][0]["value"]) == ([], 0.99)


def test_ranks_follow_what_is_proven():
    found = significance.compare(
        LABELS, {"poor": with_errors(range(90)), "fine": with_errors(range(10)), "good": with_errors(range(8))}, **HOW
    )
    assert [row["rank"] for row in found["ranking"]] == [1, 1, 3]
    assert found["groups"] == [["good", "fine"], ["poor"]]


def test_an_interval_of_the_ranking_is_that_of_the_metrics():
    predicted = with_errors(range(20))
    row = significance.compare(LABELS, {"cnn": predicted}, **HOW)["ranking"][0]
    alone = metrics.summary(LABELS, np.eye(2)[predicted], resamples=300, confidence=0.95, seed=1)["accuracy"]
    assert {key: row[key] for key in alone} == alone


def test_fisher_of_a_tea_party():
    """Fisher's lady: four cups of eight, three of them right; one-sided 17/70, so 34/70 on both sides."""
    right, inside = np.array([1, 1, 1, 0, 1, 0, 0, 0], bool), np.arange(8) < 4
    assert significance.fisher(right, inside) == pytest.approx(34 / 70, abs=1e-12)
