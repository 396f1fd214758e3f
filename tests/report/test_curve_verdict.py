"""The verdict on a learning curve: what it proves, and what it leaves undecided."""

from darkroom.metrics import intervals
from darkroom.report import curve_verdict


def point(n_images, accuracy, *, model="cnn", half=0.05):
    """A point whose interval has the ends accuracy - half and accuracy + half."""
    return {
        "model": model, "images": n_images, "accuracy": accuracy, "low": accuracy - half, "high": accuracy + half
    }  # fmt: skip


SCRATCH = [point(10, 0.3), point(100, 0.6), point(1000, 0.9)]


def test_transfer_is_ahead_only_where_the_intervals_do_not_overlap():
    transfer = [point(10, 0.7), point(100, 0.65), point(1000, 0.7), point(5000, 0.99)]
    assert curve_verdict.compare(SCRATCH, transfer) == {"ahead": [10], "behind": [1000], "undecided": [100]}


def test_the_samples_needed_are_the_fewest_that_reach_the_last_accuracy_from_scratch():
    transfer = [point(10, 0.8), point(100, 0.9), point(1000, 0.95)]
    assert curve_verdict.samples_needed(SCRATCH, transfer)["images"] == 100
    assert curve_verdict.samples_needed(SCRATCH, [point(10, 0.8), point(100, 0.89)]) is None


def test_a_curve_rises_at_its_end_only_if_its_intervals_do_not_overlap():
    assert curve_verdict.last_step(SCRATCH).rises
    assert not curve_verdict.last_step([point(100, 0.6), point(1000, 0.65)]).rises
    assert curve_verdict.last_step(SCRATCH[:1]) is None


def test_the_points_of_a_model_are_sorted_by_their_images_and_have_wilson_intervals():
    rows = [
        {"model": model, "fraction": 1.0, "images": n, "correct": 9, "test_images": 10, "accuracy": 0.9}
        for model, n in [("cnn", 1000), ("resnet50", 10), ("cnn", 10)]
    ]
    curves = curve_verdict.by_model(rows, 0.9)
    assert {model: [p["images"] for p in points] for model, points in curves.items()} == {
        "resnet50": [10],
        "cnn": [10, 1000],
    }
    low, high = intervals.wilson(9, 10, 0.9)
    assert all((p["low"], p["high"]) == (low, high) for points in curves.values() for p in points)
