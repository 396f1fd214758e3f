"""metrics.roc: the points that curves are drawn from."""

import numpy as np
import pytest
from sklearn import metrics as theirs

from darkroom.metrics import roc

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 3, 200)
PROBABILITIES = np.round(RNG.dirichlet(np.ones(3), 200) * 0.5 + 0.5 * np.eye(3)[LABELS], 2)


def test_points_are_those_of_scikit_learn():
    positive, scores = LABELS == 1, PROBABILITIES[:, 1]
    points = roc.points(positive, scores)
    fpr, tpr, thresholds = theirs.roc_curve(positive, scores, drop_intermediate=False)
    precision, recall, _ = theirs.precision_recall_curve(positive, scores)
    assert points["threshold"] == pytest.approx(thresholds[1:], abs=1e-12)
    assert points["false_positive_rate"] == pytest.approx(fpr[1:], abs=1e-12)
    assert points["recall"] == pytest.approx(tpr[1:], abs=1e-12)
    assert points["recall"] == pytest.approx(recall[:-1][::-1], abs=1e-12)
    assert points["precision"] == pytest.approx(precision[:-1][::-1], abs=1e-12)


def test_two_classes_have_one_curve():
    rows = roc.curves(LABELS % 2, np.stack([1 - PROBABILITIES[:, 1], PROBABILITIES[:, 1]], 1), ("cat", "dog"))
    assert {row["label"] for row in rows} == {"dog"}


def test_a_class_that_the_test_set_lacks_has_no_curve():
    rows = roc.curves(np.minimum(LABELS, 1), PROBABILITIES, ("a", "b", "c"))
    assert {row["label"] for row in rows} == {"a", "b"}


def test_a_hundred_classes_have_a_bounded_number_of_points_and_keep_their_ends():
    labels, scores = RNG.integers(0, 100, 5000), RNG.random((5000, 100))
    rows = roc.curves(labels, scores, tuple(map(str, range(100))))
    assert len(rows) <= roc.POINTS
    last = [row for row in rows if row["label"] == "7"][-1]
    assert last["recall"] == last["false_positive_rate"] == 1
