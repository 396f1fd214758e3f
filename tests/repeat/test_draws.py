"""A bootstrap draw of training images: whole clusters, by class, as many as there are."""

import numpy as np
import pytest

from darkroom.repeat import draws

LABELS = np.repeat([0, 1, 2], [700, 250, 50])
ALONE = np.arange(1000)[::-1]  # the numbers of clusters have no order


def test_a_draw_has_as_many_images_of_each_class():
    np.testing.assert_array_equal(np.bincount(LABELS[draws.resample(LABELS, ALONE, 1)]), [700, 250, 50])


def test_a_draw_holds_63_percent_of_the_images():
    held = [len(np.unique(draws.resample(LABELS, ALONE, seed))) / 1000 for seed in range(30)]
    assert np.mean(held) == pytest.approx(1 - np.exp(-1), abs=0.01)  # their standard error is 0.002


def test_a_cluster_is_drawn_whole():
    clusters = np.arange(1000) // 5
    times = np.bincount(draws.resample(LABELS, clusters, 1), minlength=1000).reshape(200, 5)
    assert (times == times[:, :1]).all() and times.max() > 1


def test_a_draw_follows_from_the_seed():
    one, same, other = (draws.resample(LABELS, ALONE, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
