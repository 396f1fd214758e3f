"""The verdict on a learning curve: what it proves, and what it leaves undecided."""

import numpy as np
import pytest
from scipy.special import ndtri

from darkroom.curve import points
from darkroom.curve.points import Measured
from darkroom.metrics import intervals
from darkroom.report import curve_verdict

RNG = np.random.default_rng(1)
FRACTIONS = (0.05, 0.1, 0.25, 0.5, 1.0)


def row(images, accuracy, *, model="cnn", se=0.01, sd=None, trainings=1):
    """A row of learning_curve.json; every difference has the standard error `se`."""
    differences = dict.fromkeys(("se_from_scratch", "se_from_scratch_all", "se_from_before"), se)
    return {
        "model": model, "fraction": images / 1000, "images": images, "trainings": trainings, "test_images": 400,
        "test_clusters": 400, "accuracy": accuracy, "sd": sd, "se": se, **differences,
    }  # fmt: skip


def curves(scratch, transfer, **values):
    rows = [row(n, a, **values) for n, a in scratch] + [row(n, a, model="net", **values) for n, a in transfer]
    return curve_verdict.by_model(rows, 0.95)


SCRATCH = [(10, 0.3), (100, 0.6), (1000, 0.9)]


def test_transfer_is_ahead_only_where_the_difference_is_beyond_chance():
    both = curves(SCRATCH, [(10, 0.33), (100, 0.615), (1000, 0.87), (5000, 0.99)])
    sizes = curve_verdict.compare(both["cnn"], both["net"], 0.95)
    assert sizes == {"ahead": [10], "behind": [1000], "undecided": [100]}


def test_trainings_that_differ_leave_undecided_what_the_test_images_would_decide():
    both = curves(SCRATCH[:2], [(10, 0.33), (100, 0.8)], sd=0.03, trainings=3)
    assert curve_verdict.compare(both["cnn"], both["net"], 0.95) == {"ahead": [100], "behind": [], "undecided": [10]}


def test_the_images_needed_are_the_fewest_that_are_proven_within_a_point():
    both = curves(SCRATCH, [(10, 0.86), (100, 0.915), (1000, 0.95)])
    assert curve_verdict.images_needed(both["cnn"], both["net"], 0.95)["images"] == 100
    both = curves(SCRATCH, [(10, 0.95), (100, 0.905), (1000, 0.95)])
    assert curve_verdict.images_needed(both["cnn"], both["net"], 0.95)["images"] == 1000
    both = curves(SCRATCH, [(10, 0.86), (100, 0.91), (1000, 0.905)])
    assert curve_verdict.images_needed(both["cnn"], both["net"], 0.95) is None


def test_a_curve_rises_at_its_end_only_beyond_chance():
    assert curve_verdict.last_step(curves(SCRATCH, [])["cnn"], 0.95).rises
    assert not curve_verdict.last_step(curves([(500, 0.6), (1000, 0.61)], [])["cnn"], 0.95).rises
    assert curve_verdict.last_step(curves(SCRATCH[:1], [])["cnn"], 0.95) is None


def test_the_points_of_a_model_are_sorted_by_their_images():
    assert [point["images"] for point in curves(SCRATCH[::-1], [])["cnn"]] == [10, 100, 1000]


def test_the_interval_of_a_single_training_is_wilsons_of_as_many_images_as_are_independent():
    (point,) = curves([(1000, 0.9)], [], se=(0.9 * 0.1 / 400) ** 0.5)["cnn"]
    assert (point["low"], point["high"]) == pytest.approx(intervals.wilson(360, 400, 0.95))
    (point,) = curves([(1000, 0.9)], [], se=(0.9 * 0.1 / 100) ** 0.5)["cnn"]
    assert (point["low"], point["high"]) == pytest.approx(intervals.wilson(90, 100, 0.95))
    (point,) = curves([(1000, 1.0)], [], se=0.0)["cnn"]
    assert (point["low"], point["high"]) == intervals.wilson(400, 400, 0.95)


def test_an_interval_contains_the_variance_of_training_also_where_a_larger_fraction_was_trained_once():
    alone = curves(SCRATCH, [])["cnn"]
    rows = [row(100, 0.6, sd=0.03, trainings=3), row(1000, 0.9)]
    repeated, once = curve_verdict.by_model(rows, 0.95)["cnn"]
    assert repeated["high"] - repeated["low"] > alone[1]["high"] - alone[1]["low"]
    assert once["high"] - once["low"] > alone[2]["high"] - alone[2]["low"]


def simulated(gap: float, sd: float, n: int = 354) -> list:
    """Rows of two models with an accuracy of 0.93 and 0.93 - `gap` whatever their images; trainings vary by `sd`."""
    difficulty = RNG.standard_normal(n)
    measured = []
    for model, accuracy in (("cnn", 0.93), ("net", 0.93 - gap)):
        for fraction in FRACTIONS:
            trainings = 3 if fraction < 0.5 else 1
            chances = np.clip(accuracy + sd * RNG.standard_normal((trainings, 1)), 0.5, 0.999)
            obstacles = 0.8**0.5 * difficulty + 0.2**0.5 * RNG.standard_normal((trainings, n))
            correct = obstacles < ndtri(chances)
            measured.append(Measured(model, fraction, int(1000 * fraction), correct))
    return points.points(measured, np.arange(n))


@pytest.mark.parametrize("sd", [0.0, 0.01])
def test_transfer_that_is_one_point_worse_is_seldom_called_as_good(sd):
    """The bare accuracies say so in 64 %. The level is 2.5 %; its standard error in 200 sets 1.1 %."""
    claims = 0
    for _ in range(200):
        both = curve_verdict.by_model(simulated(0.01, sd), 0.95)
        claims += curve_verdict.images_needed(both["cnn"], both["net"], 0.95) is not None
    assert claims / 200 <= 0.10


def test_transfer_that_is_five_points_better_is_mostly_called_as_good():
    both = [curve_verdict.by_model(simulated(-0.05, 0.0), 0.95) for _ in range(50)]
    needed = [curve_verdict.images_needed(one["cnn"], one["net"], 0.95) for one in both]
    assert sum(point is not None for point in needed) > 35
