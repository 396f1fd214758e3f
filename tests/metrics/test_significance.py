"""metrics.significance: better means better beyond chance, and the test images choose nothing."""

import numpy as np
import pytest

from darkroom.metrics import metrics, significance
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.metrics.design import Design, independent
from darkroom.metrics.ranking import UNDECIDED
from darkroom.metrics.sample import from_probabilities
from darkroom.runtime import files

BOOTSTRAP = Bootstrap(resamples=300, confidence=0.95, seed=1)
LABELS = np.repeat([0, 1], 150)
DESIGN = independent(300)


def with_errors(*rows: range) -> np.ndarray:
    predicted = LABELS.copy()
    for row in (i for some in rows for i in some):
        predicted[row] = 1 - predicted[row]
    return predicted


def compare(models: dict, metric: str = "accuracy", bootstrap: Bootstrap = BOOTSTRAP, design: Design = DESIGN) -> dict:
    return significance.compare(LABELS, models, 2, metric, bootstrap, design)


def pair(a: np.ndarray, b: np.ndarray, metric: str = "accuracy", design: Design = DESIGN) -> dict:
    """The comparison of model `a` with model `b`."""
    (compared,) = compare({"a": a, "b": b}, metric, design=design)["pairs"]
    return compared


THREE = {"poor": with_errors(range(90)), "fine": with_errors(range(10)), "good": with_errors(range(8))}


def test_equal_models_are_not_distinguishable():
    compared = pair(with_errors(range(9)), with_errors(range(9)))
    assert (compared["difference"], compared["p"], compared["test"]) == (0, 1, "McNemar, mid-p")
    assert compared["verdict"] == UNDECIDED


def test_a_few_images_more_prove_nothing():
    assert pair(with_errors(range(10)), with_errors(range(13)))["verdict"] == UNDECIDED


def test_forty_images_more_prove_it_and_only_for_the_better_model():
    good, bad = with_errors(range(5)), with_errors(range(45))
    for models in ({"good": good, "bad": bad}, {"bad": bad, "good": good}):
        (compared,) = compare(models)["pairs"]
        assert (compared["a"], compared["verdict"]) == ("good", "a better")


def test_images_of_four_groups_prove_less_than_as_many_alone():
    good, bad = with_errors(range(5)), with_errors(range(45))
    grouped = pair(good, bad, design=Design(np.arange(300) // 75, given=False))
    assert (grouped["verdict"], grouped["test"]) == (UNDECIDED, "McNemar, mid-p by cluster")


def test_better_follows_the_metric_where_accuracy_says_the_opposite():
    """Twelve rare images won against forty common ones lost: balanced accuracy gains (12 / 30 - 40 / 270) / 2."""
    labels = np.repeat([0, 1], [270, 30])
    old, new = labels.copy(), labels.copy()
    old[270:285] = 0
    new[:40], new[270:273] = 1, 0
    ranked = significance.compare(labels, {"new": new, "old": old}, 2, "balanced_accuracy", BOOTSTRAP, DESIGN)
    (compared,) = ranked["pairs"]
    assert compared["difference"] == pytest.approx((12 / 30 - 40 / 270) / 2)
    assert (compared["a"], compared["verdict"]) == ("new", "a better")
    assert compared["test"] == "paired permutation of balanced accuracy"


@pytest.mark.parametrize("metric", ["accuracy", "f1_macro"])
def test_an_interval_leaves_out_zero_only_where_the_test_does(metric):
    for more in range(1, 12):
        compared = pair(with_errors(range(3)), with_errors(range(3), range(100, 100 + more)), metric)
        assert compared["low"] <= compared["difference"] <= compared["high"]
        assert compared["low"] <= 0 or compared["p"] < 0.05


def test_a_true_null_is_rarely_rejected():
    """200 pairs that are equally good; at most 5 % plus three standard errors may be called different."""
    rng, called = np.random.default_rng(2), 0
    for seed in range(200):
        a, b = (np.where(rng.random(300) < 0.9, LABELS, 1 - LABELS) for _ in range(2))
        (compared,) = compare({"a": a, "b": b}, bootstrap=Bootstrap(100, 0.95, seed))["pairs"]
        called += compared["verdict"] != UNDECIDED
    assert called / 200 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 200)


def test_the_ranking_says_who_is_tied_with_whom():
    ranked = compare(THREE)
    assert [row["model"] for row in ranked["ranking"]] == ["good", "fine", "poor"]
    assert [row["tied_with"] for row in ranked["ranking"]] == [["fine"], ["good"], []]
    assert {(p["a"], p["b"]): p["verdict"] for p in ranked["pairs"]} == {
        ("good", "fine"): "not distinguishable",
        ("good", "poor"): "a better",
        ("fine", "poor"): "a better",
    }


def test_ranks_follow_what_is_proven():
    ranked = compare(THREE)
    assert [row["rank"] for row in ranked["ranking"]] == [1, 1, 3]
    assert ranked["groups"] == [["good", "fine"], ["poor"]]


def test_one_model_is_ranked_alone():
    ranked = compare({"cnn": with_errors(range(3))})
    assert (ranked["pairs"], ranked["ranking"][0]["value"]) == ([], 0.99)


def test_the_number_of_groups_stands_beside_that_of_images():
    assert compare(THREE)["clusters"] == 300
    assert compare(THREE, design=Design(np.arange(300) // 10, given=False))["clusters"] == 30


def test_the_validation_images_choose_the_model_and_the_test_images_do_not():
    comparison = significance.choose(compare(THREE), {"poor": 0.3, "fine": 0.1, "good": 0.2})
    assert comparison["best"] == "fine"
    assert comparison["sentence"].startswith("fine, chosen on the validation images, has accuracy 0.967")
    assert comparison["ranking"][0]["model"] == "good"


def test_models_that_are_equal_on_the_validation_images_are_chosen_by_name():
    assert significance.choose(compare(THREE), {"poor": 0.1, "good": 0.1, "fine": 0.2})["best"] == "good"


def test_an_interval_of_the_ranking_is_that_of_the_metrics():
    predicted = with_errors(range(20))
    row = compare({"cnn": predicted})["ranking"][0]
    alone = metrics.scores(from_probabilities(LABELS, np.eye(2)[predicted]), BOOTSTRAP).overall["accuracy"]
    assert {key: row[key] for key in alone} == alone


def test_what_is_written_is_read_by_the_same_type(tmp_path):
    comparison = significance.choose(compare(THREE), {"poor": 0.3, "fine": 0.1, "good": 0.2})
    files.write_json(tmp_path / "comparison.json", comparison)
    assert significance.read(tmp_path / "comparison.json") == comparison
    assert list(comparison) == list(significance.Comparison.__annotations__)
