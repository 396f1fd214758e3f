"""judging.metrics: the numbers are scikit-learn's, and the intervals mean what they say."""

import numpy as np
import pytest
from sklearn import metrics as theirs

from darkroom.judging import metrics

HOW = {"resamples": 200, "confidence": 0.95, "seed": 1}


def drawn(n: int, k: int, skill: float = 0.7, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels with every class among them, and probabilities that lean to the truth."""
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(k), rng.integers(0, k, n - k)])
    probabilities = rng.dirichlet(np.ones(k), n)
    leaning = np.where(rng.random((n, 1)) < skill, np.eye(k)[labels], probabilities)
    return labels, 0.6 * leaning + 0.4 * probabilities


@pytest.mark.parametrize("k", [2, 3, 10])
@pytest.mark.parametrize("seed", range(3))
def test_every_value_is_that_of_scikit_learn(k, seed):
    labels, probabilities = drawn(97, k, seed=seed)
    predicted = probabilities.argmax(1)
    macro = {"average": "macro", "labels": range(k), "zero_division": 0}
    wanted = {
        "accuracy": theirs.accuracy_score(labels, predicted),
        "balanced_accuracy": theirs.balanced_accuracy_score(labels, predicted),
        "precision_macro": theirs.precision_score(labels, predicted, **macro),
        "recall_macro": theirs.recall_score(labels, predicted, **macro),
        "f1_macro": theirs.f1_score(labels, predicted, **macro),
        "log_loss": theirs.log_loss(labels, probabilities),
    }
    found = metrics.summary(labels, probabilities, k=k, **HOW)
    assert {name: score["value"] for name, score in found.items()} == pytest.approx(wanted, abs=1e-12)


def test_a_row_a_class_is_that_of_scikit_learn():
    labels, probabilities = drawn(80, 4)
    predicted = probabilities.argmax(1)
    found = metrics.per_class(labels, predicted, ("a", "b", "c", "d"))
    wanted = zip(*theirs.precision_recall_fscore_support(labels, predicted), strict=True)
    for row, numbers in zip(found, wanted, strict=True):
        assert (row["precision"], row["recall"], row["f1"], row["support"]) == pytest.approx(numbers, abs=1e-12)


def test_what_has_no_denominator_is_none_and_not_zero():
    never_said, never_there = metrics.per_class(np.array([0, 1, 1]), np.array([1, 1, 1]), ("a", "b", "c"))[::2]
    assert (never_said["precision"], never_said["recall"], never_said["f1"]) == (None, 0, 0)
    assert (never_there["precision"], never_there["recall"], never_there["f1"]) == (None, None, None)


def test_confusion_has_the_truth_in_its_rows():
    assert metrics.confusion(np.array([0, 0, 1]), np.array([1, 0, 1]), 3).tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]


def test_a_certain_mistake_costs_a_finite_loss():
    assert metrics.log_losses(np.array([0]), np.array([[0.0, 1.0]])) == pytest.approx(36.04, abs=0.01)


def test_every_value_lies_in_its_interval():
    labels, probabilities = drawn(300, 5)
    for score in metrics.summary(labels, probabilities, k=5, **HOW).values():
        assert score["low"] <= score["value"] <= score["high"]
        assert score["low"] < score["high"]


def test_the_same_seed_gives_the_same_interval():
    labels, probabilities = drawn(100, 3)
    assert metrics.summary(labels, probabilities, k=3, **HOW) == metrics.summary(labels, probabilities, k=3, **HOW)


def test_a_model_without_an_error_is_not_called_certain():
    labels = np.repeat([0, 1], 25)
    score = metrics.summary(labels, np.eye(2)[labels], k=2, **HOW)["accuracy"]
    assert (score["value"], score["high"]) == (1, 1)
    assert score["low"] == pytest.approx(0.025 ** (1 / 50))  # Clopper and Pearson at 50 of 50


def test_intervals_cover_the_truth_as_often_as_they_say():
    """1,000 data sets of 300 pictures; a coverage of 0.95 has a standard error of 0.007 there."""
    truth, rng, hits = 0.85, np.random.default_rng(3), 0
    labels = np.repeat([0, 1, 2], 100)
    for seed in range(1000):
        predicted = np.where(rng.random(300) < truth, labels, (labels + 1) % 3)
        how = {"resamples": 200, "confidence": 0.95, "seed": seed}
        score = metrics.summary(labels, np.eye(3)[predicted], k=3, **how)["accuracy"]
        hits += score["low"] <= truth <= score["high"]
    assert 0.93 <= hits / 1000 <= 0.97
