"""labels.folds: no image is judged by a model that saw it, or one of its cluster."""

from functools import partial

import numpy as np

from darkroom.labels import folds


def test_a_cluster_is_never_divided_and_each_image_is_in_one_fold():
    clusters = np.random.default_rng(0).integers(0, 40, 300)
    fold = folds.assign(clusters, 5, seed=1)
    assert set(fold) == set(range(5))
    assert all(len(set(fold[clusters == cluster])) == 1 for cluster in clusters)
    np.testing.assert_array_equal(fold, folds.assign(clusters, 5, seed=1))
    assert (fold != folds.assign(clusters, 5, seed=2)).any()


def test_fewer_clusters_than_folds_are_a_fold_each():
    assert set(folds.assign(np.array([7, 7, 9, 9, 9]), 5, seed=1)) == {0, 1}


def test_each_row_is_predicted_from_the_other_folds():
    fold = np.array([0, 1, 2, 0, 1, 2])
    seen = []

    def predict(parts):
        for part in parts:
            seen.append((part.others.tolist(), part.rows.tolist()))
            yield np.tile(part.rows[:, np.newaxis], 2)

    probabilities = folds.cross_validate(np.zeros(6, int), 2, fold, predict)
    assert seen == [([1, 2, 4, 5], [0, 3]), ([0, 2, 3, 5], [1, 4]), ([0, 1, 3, 4], [2, 5])]
    np.testing.assert_array_equal(probabilities, np.tile(np.arange(6)[:, np.newaxis], 2))


def test_a_label_whose_class_the_other_folds_lack_is_not_judged():
    labels, fold = np.array([0, 1, 0, 0]), np.array([0, 0, 1, 1])
    halves = partial(map, lambda part: np.full((len(part.rows), 2), 0.5))
    probabilities = folds.cross_validate(labels, 2, fold, halves)
    np.testing.assert_array_equal(np.isnan(probabilities[:, 0]), [False, True, False, False])
