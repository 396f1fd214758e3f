"""The standard errors of a learning curve: of accuracies and of differences, by clusters of test images."""

import numpy as np
import pytest

from darkroom.curve import points
from darkroom.curve.points import Measured

RNG = np.random.default_rng(1)


def measured(model: str, fraction: float, correct: np.ndarray) -> Measured:
    return Measured(model, fraction, int(1000 * fraction), np.atleast_2d(correct))


def test_a_standard_error_is_that_of_the_binomial_distribution():
    (point,) = points.points([measured("cnn", 1.0, np.arange(400) < 300)], np.arange(400))
    assert point["se"] == pytest.approx((0.75 * 0.25 / 399) ** 0.5)
    assert (point["accuracy"], point["trainings"], point["sd"]) == (0.75, 1, None)


def test_ten_images_that_are_always_right_together_count_as_one():
    right = np.repeat(RNG.random(100) < 0.8, 10)
    (alone,) = points.points([measured("cnn", 1.0, right)], np.arange(1000))
    (together,) = points.points([measured("cnn", 1.0, right)], np.repeat(np.arange(100), 10))
    assert together["se"] / alone["se"] == pytest.approx(10**0.5, rel=0.01) and together["test_clusters"] == 100


def test_a_difference_between_models_that_err_on_the_same_images_is_known_better():
    cnn, transfer = np.arange(400) < 300, np.arange(400) < 304
    scratch, other = points.points([measured("cnn", 1.0, cnn), measured("net", 1.0, transfer)], np.arange(400))
    assert other["se_from_scratch"] == pytest.approx((0.01 * 0.99 / 399) ** 0.5) == other["se_from_scratch_all"]
    assert scratch["se_from_scratch"] is None and scratch["se_from_scratch_all"] is None


def test_differences_are_to_the_same_fraction_to_the_largest_and_to_the_one_before():
    of_cnn = [measured("cnn", f, RNG.random(400) < 0.5 + f / 3) for f in (0.5, 1.0)]
    of_net = [measured("net", f, RNG.random(400) < 0.5 + f / 3) for f in (0.5, 1.0)]
    rows = points.points([*of_cnn, *of_net], np.arange(400))

    def paired(a, b):
        return pytest.approx(np.std(a.correct[0].astype(float) - b.correct[0], ddof=1) / 20)

    assert rows[2]["se_from_scratch"] == paired(of_net[0], of_cnn[0])
    assert rows[2]["se_from_scratch_all"] == paired(of_net[0], of_cnn[1])
    assert rows[3]["se_from_before"] == paired(of_net[1], of_net[0])
    assert rows[0]["se_from_before"] is None


def test_several_trainings_have_their_mean_and_the_spread_between_them():
    correct = np.array([np.arange(100) < right for right in (80, 90, 85)])
    (point,) = points.points([measured("cnn", 0.1, correct)], np.arange(100))
    assert (point["accuracy"], point["sd"]) == (pytest.approx(0.85), pytest.approx(0.05))
