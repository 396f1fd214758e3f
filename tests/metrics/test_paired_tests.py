"""metrics.paired_tests: the test fits the metric, and its level holds."""

import time

import numpy as np
import pytest
from scipy.stats import binom

from darkroom.metrics import metric_table, paired_tests
from darkroom.metrics.design import Design, independent
from darkroom.metrics.paired_tests import Permutations
from darkroom.metrics.sample import Predictions

PERMUTATIONS = Permutations(499, seed=1)
LABELS = np.repeat([0, 1], [1_800, 200])


def answers(right: np.ndarray, labels: np.ndarray | None = None, clusters: np.ndarray | None = None) -> Predictions:
    """The predictions of a model of two classes that is `right` bool `(n,)`."""
    labels = np.zeros(len(right), np.int64) if labels is None else labels
    design = independent(len(right)) if clusters is None else Design(clusters, given=False)
    return Predictions(labels, np.where(right, labels, 1 - labels), 2, design)


def only(a: int, b: int, both: int = 50) -> tuple[Predictions, Predictions]:
    """Two models of which one alone is right on `a` images, and the other alone on `b`."""
    return answers(np.repeat([1, 0, 1], [a, b, both]) > 0), answers(np.repeat([0, 1, 1], [a, b, both]) > 0)


def with_recalls(common: float, rare: float) -> np.ndarray:
    """Where a model with these recalls is right on LABELS; it errs on the first images of each class."""
    return np.concatenate([np.arange(n) >= round(n * (1 - recall)) for n, recall in ((1_800, common), (200, rare))])


def rates(metric: str, pairs: list, permutations: Permutations = PERMUTATIONS) -> float:
    """The share of pairs of models that differ by the metric at the 5 % level."""
    return float(np.mean([paired_tests.compare(a, b, metric, permutations).p < 0.05 for a, b in pairs]))


def test_three_against_nine_is_the_mid_p_that_a_hand_computes():
    """Of 2^12 = 4,096 outcomes 1 + 12 + 66 have fewer than 3 on a side, 220 have 3: (2 * 79 + 220) / 4,096."""
    assert paired_tests.mcnemar(*only(3, 9)) == pytest.approx(378 / 4096, abs=1e-12)


@pytest.mark.parametrize(("a", "b"), [(0, 1), (10, 10), (1, 40), (700, 800)])
def test_mcnemar_is_the_exact_p_less_half_the_chance_of_what_was_observed(a, b):
    """Fagerland, Lydersen and Laake (2013), equations 4 and 5."""
    expected = 2 * binom.cdf(min(a, b), a + b, 0.5) - binom.pmf(a, a + b, 0.5)
    if a == b:
        expected = 1 - binom.pmf(a, a + b, 0.5) / 2
    assert paired_tests.mcnemar(*only(a, b)) == pytest.approx(expected, rel=1e-9)


def test_models_that_are_right_on_the_same_images_do_not_differ():
    same = answers(np.arange(100) > 3, np.arange(100) % 2)
    for metric in ("accuracy", "balanced_accuracy", "f1_macro"):
        assert paired_tests.compare(same, same, metric, PERMUTATIONS).p == 1


def test_clusters_of_one_size_are_as_many_images():
    """Copies of an image are swapped together, so they are one observation."""
    a, b = (np.arange(60) >= n for n in (9, 3))
    clusters = np.repeat(np.arange(60), 10)
    once = paired_tests.mcnemar(answers(a), answers(b))
    copied = paired_tests.mcnemar(*(answers(np.repeat(one, 10), clusters=clusters) for one in (a, b)))
    assert copied == pytest.approx(once)


def test_sums_over_clusters_of_any_size_are_those_of_all_swaps():
    rng = np.random.default_rng(1)
    clusters = np.repeat(np.arange(10), rng.integers(1, 7, 10))
    a, b = rng.random((2, len(clusters))) < 0.7
    gains = np.bincount(clusters, weights=a.astype(int) - b)
    signs = 1 - 2 * (np.arange(2**10)[:, np.newaxis] >> np.arange(10) & 1)
    sums, observed = np.abs(signs @ gains), abs(gains.sum())
    expected = (sums > observed).mean() + (sums == observed).mean() / 2
    assert paired_tests.mcnemar(*(answers(one, clusters=clusters) for one in (a, b))) == pytest.approx(expected)


def test_random_swaps_agree_with_all_swaps():
    """With accuracy both can be had: 49,999 swaps know p to 0.0022 (one standard error), here four of them."""
    a, b = only(12, 22)
    function = metric_table.METRICS["accuracy"].function
    exact = 2 * binom.cdf(12, 34, 0.5)
    assert paired_tests.permutation(a, b, function, Permutations(49_999, 1)) == pytest.approx(exact, abs=0.009)


def test_swapping_the_models_changes_nothing():
    a, b = (answers(with_recalls(*r), LABELS) for r in ((0.95, 0.50), (0.94, 0.53)))
    for metric in ("balanced_accuracy", "f1_macro"):
        p = [paired_tests.compare(*pair, metric, PERMUTATIONS).p for pair in ((a, b), (b, a))]
        assert p[0] == p[1] and 1 / 500 < p[0] < 1


def test_a_gain_of_balanced_accuracy_is_proven_where_accuracy_stays():
    old, new = (answers(with_recalls(*recalls), LABELS) for recalls in ((0.95, 0.50), (0.9167, 0.80)))
    result = paired_tests.compare(new, old, "balanced_accuracy", PERMUTATIONS)
    assert result == (1 / 500, "paired permutation of balanced accuracy")
    assert paired_tests.mcnemar(new, old) > 0.9


def test_the_p_of_balanced_accuracy_is_not_that_of_accuracy_which_moves_the_other_way():
    """The gain is 211 lost images / 1,800 and 40 won / 200, halved: 0.0415, 2.55 of its standard errors (p = 0.011).

    9,999 swaps know that p to 0.001; the normal approximation is good to about as much.
    """
    old, new = (answers(with_recalls(*recalls), LABELS) for recalls in ((0.95, 0.50), (0.833, 0.70)))
    result = paired_tests.compare(new, old, "balanced_accuracy", Permutations(9_999, 1))
    assert result.p == pytest.approx(0.011, abs=0.004)
    assert paired_tests.mcnemar(new, old) < 1e-28


def test_the_name_of_the_test_says_what_was_tested():
    a, b = only(3, 9)
    assert paired_tests.compare(a, b, "accuracy", PERMUTATIONS).test == "McNemar, mid-p"
    assert paired_tests.compare(a, b, "f1_macro", PERMUTATIONS).test == "paired permutation of F1 macro"
    a, b = (answers(one.predicted == 0, clusters=np.arange(62) // 2) for one in (a, b))
    assert paired_tests.compare(a, b, "accuracy", PERMUTATIONS).test == "McNemar, mid-p by cluster"
    assert paired_tests.compare(a, b, "f1_macro", PERMUTATIONS).test == "paired permutation of F1 macro by cluster"


@pytest.mark.parametrize("metric", ["balanced_accuracy", "f1_macro"])
def test_equal_models_differ_in_five_sets_of_a_hundred(metric):
    """500 pairs with equal recalls 0.95 and 0.50, 200 images; one and a half standard errors above 5 %: 0.065."""
    rng, labels = np.random.default_rng(5), np.repeat([0, 1], [160, 40])
    recall = np.array([0.95, 0.50])[labels]
    pairs = [(answers(a, labels), answers(b, labels)) for a, b in rng.random((500, 2, 200)) < recall]
    assert rates(metric, pairs, Permutations(199, 1)) <= 0.065


def test_groups_promote_an_equal_model_no_more_often_than_single_images():
    """500 sets of 35 groups of ten, whose images share half of what makes a model right: one-sided at most 0.04.

    Image by image, McNemar promotes 7 %.
    """
    rng, clusters, promoted = np.random.default_rng(3), np.repeat(np.arange(35), 10), 0
    for _ in range(500):
        together, alone = rng.standard_normal((3, 35))[:, clusters], rng.standard_normal((3, 350))
        shared, *own = np.sqrt(0.5) * (together + alone)
        a, b = (np.sqrt(0.8) * shared + np.sqrt(0.2) * one < 1.28 for one in own)
        p = paired_tests.mcnemar(answers(a, clusters=clusters), answers(b, clusters=clusters))
        promoted += p < 0.05 and a.sum() > b.sum()
    assert promoted / 500 <= 0.04


def test_enough_swaps_are_drawn_for_the_correction_of_many_pairs():
    for pairs, confidence in ((1, 0.95), (45, 0.95), (190, 0.99)):
        smallest = 1 / (1 + paired_tests.permutations(pairs, confidence, 1).draws)
        assert smallest * pairs <= 0.11 * (1 - confidence)


def test_a_test_of_2000_images_and_10_classes_takes_less_than_two_seconds():
    """0.2 s on two shared cores; ten times that, for a busy machine."""
    rng = np.random.default_rng(1)
    labels = rng.integers(10, size=2_000)
    a, b = (Predictions(labels, np.where(rng.random(2_000) < 0.9, labels, rng.integers(10, size=2_000)), 10,
                        independent(2_000)) for _ in range(2))  # fmt: skip
    start = time.perf_counter()
    paired_tests.compare(a, b, "f1_macro", paired_tests.permutations(45, 0.95, 1))
    assert time.perf_counter() - start < 2
