"""labels.linear: what it says of an image does not follow from its label."""

import numpy as np
import pytest

from darkroom.labels import folds, linear
from darkroom.labels.linear import LinearModel


@pytest.fixture
def model():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 120)
    features = {"train": rng.normal(size=(120, 5)) + 2 * np.eye(3, 5)[labels], "val": rng.normal(size=(7, 5))}
    return LinearModel("points", features, labels, 4, folds.assign(np.arange(120), 5, seed=1), 0.1)


def test_the_label_of_an_image_never_changes_what_is_said_of_it(model):
    before = model.out_of_sample(model.labels)
    for row in (0, 50, 119):
        labels = model.labels.copy()
        labels[row] = (labels[row] + 1) % 3
        after = model.out_of_sample(labels)
        np.testing.assert_array_equal(after[row], before[row])
        assert (after != before).any()  # of the images in other folds


def test_rows_are_probabilities_and_good_ones(model):
    probabilities = model.out_of_sample(model.labels)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-6)
    assert (probabilities[:, 3] == 0).all()  # a class that no image has
    assert (probabilities.argmax(1) == model.labels).mean() > 0.7  # Bayes: 0.85, chance: 0.33
    assert model.of_split("val").shape == (7, 4)


def test_one_class_in_the_other_folds_is_predicted_and_nothing_fails():
    labels = np.zeros(10, int)
    labels[0] = 1
    model = LinearModel("points", {"train": np.eye(10)}, labels, 2, np.arange(10) % 2, 0.1)
    probabilities = model.out_of_sample(labels)
    assert np.isnan(probabilities[0]).all()  # nobody else has its class
    np.testing.assert_array_equal(probabilities[2::2], np.tile([1, 0], (4, 1)))


def test_a_sample_of_many_images_has_every_class(monkeypatch):
    monkeypatch.setattr(linear, "MAX_ROWS", 100)
    monkeypatch.setattr(linear, "MIN_PER_CLASS", 3)
    labels = np.repeat([0, 1, 2], [1000, 990, 10])
    drawn = linear.sample(np.arange(2000), labels)
    assert np.bincount(labels[drawn]).tolist() == [50, 50, 3] and len(set(drawn)) == 103
    few = np.arange(0, 2000, 40)
    assert sorted(linear.sample(few, labels)) == few.tolist()
