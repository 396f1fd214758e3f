"""metrics.bootstrap: what a sample of a test set is."""

import numpy as np
import pytest

from darkroom.metrics import bootstrap, design
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.metrics.design import Design
from darkroom.packed_data import Split

LABELS = np.array([0, 0, 0, 1, 1, 2])
CLUSTERS = np.array([4, 4, 9, 7, 7, 1])  # one class each


def weights(drawn: Design) -> np.ndarray:
    return np.hstack(list(bootstrap.weights(LABELS, drawn, Bootstrap(resamples=1000, confidence=0.95, seed=1))))


def class_counts(drawn: Design) -> np.ndarray:
    return np.array([weights(drawn)[label == LABELS].sum(0) for label in range(3)])


@pytest.mark.parametrize("given", [False, True])
def test_clusters_are_drawn_whole_and_as_many_as_there_are(given):
    drawn = weights(Design(CLUSTERS, given))
    assert (drawn[0] == drawn[1]).all() and (drawn[3] == drawn[4]).all()
    assert (drawn[[0, 2, 3, 5]].sum(0) == 4).all()


def test_independent_images_are_drawn_as_many_as_there_are():
    assert (weights(design.independent(6)).sum(0) == 6).all()


def test_class_counts_vary_only_where_chance_drew_the_test_set():
    independent = np.arange(6)
    assert (class_counts(Design(independent, given=True)) == [[3], [2], [1]]).all()
    assert class_counts(Design(independent, given=False)).std(1) == pytest.approx(
        [np.sqrt(6 * p * (1 - p)) for p in (3 / 6, 2 / 6, 1 / 6)],
        rel=5 / np.sqrt(2 * 1000),  # five standard errors of the deviation of 1,000 draws
    )


def test_every_cluster_is_drawn_equally_often():
    drawn = weights(Design(CLUSTERS, given=False))
    assert drawn.mean(1) == pytest.approx(1, abs=5 / np.sqrt(1000))


def test_a_packed_split_says_how_it_was_drawn():
    spec = {"given_splits": ["test"]}
    split = Split(np.zeros((6, 1, 1, 1), "uint8"), LABELS, tuple("abcdef"), CLUSTERS, ("x", "y", "z"), spec)
    test, val = design.of_split(split), design.of_split(split, "val")
    assert design.test_set(test) == {"images": 6, "clusters": 4, "given": True}
    assert (val.given, val.cluster_of.tolist()) == (False, [1, 1, 3, 2, 2, 0])
