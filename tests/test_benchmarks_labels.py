"""benchmarks.statistics.labels: the lists are counted right, and a quick run has every key."""

import numpy as np
import pytest
from benchmarks.statistics import labels

from darkroom.labels.opinion import Opinion


def test_precision_and_recall_are_those_of_all_draws():
    """Two draws of four images: of 3 listed ones 2 are wrong, of 3 wrong ones 2 are listed."""
    true = np.array([0, 0, 1, 1])
    sure = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9]])
    first = Opinion(None, np.array([1, 0, 1, 1]), sure)  # its wrong label is listed
    missed = np.array([[0.9, 0.1], [0.1, 0.9], [0.1, 0.9], [0.55, 0.45]])
    second = Opinion(None, np.array([1, 0, 1, 0]), missed)  # of two wrong labels one is listed, and a right one
    assert labels.scores("darkroom", [first, second], true) == {
        "listed": 1.5, "precision": pytest.approx(2 / 3, abs=1e-3), "recall": pytest.approx(2 / 3, abs=1e-3),
    }  # fmt: skip


def test_a_quick_run_compares_every_list():
    measured = labels.run(quick=True)["label_errors"]
    assert measured.keys() == {"repeats", "digits"}
    lists = measured["digits"]["0.08"]["lists"]
    assert lists.keys() == {"darkroom", *labels.FILTERS}
    assert lists["darkroom"] == lists["confident_learning"]  # the rule is that of cleanlab where the model is strong
