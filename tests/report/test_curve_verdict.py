"""growth: what a learning curve proves, and what it leaves open."""

from darkroom.report import curve_verdict


def row(n_images, accuracy, *, model="cnn", half=0.05):
    return {
        "model": model, "images": n_images, "accuracy": accuracy, "low": accuracy - half, "high": accuracy + half
    }  # fmt: skip


SCRATCH = [row(10, 0.3), row(100, 0.6), row(1000, 0.9)]


def test_transfer_is_ahead_only_where_the_intervals_do_not_meet():
    transfer = [row(10, 0.7), row(100, 0.65), row(1000, 0.7), row(5000, 0.99)]
    assert curve_verdict.contest(SCRATCH, transfer) == {"ahead": [10], "behind": [1000], "open": [100]}


def test_the_fewest_images_that_are_enough_reach_the_last_accuracy_of_scratch():
    assert curve_verdict.enough(SCRATCH, [row(10, 0.8), row(100, 0.9), row(1000, 0.95)])["images"] == 100
    assert curve_verdict.enough(SCRATCH, [row(10, 0.8), row(100, 0.89)]) is None


def test_a_curve_rises_at_its_end_only_beyond_its_intervals():
    assert curve_verdict.last_step(SCRATCH)["rises"]
    assert not curve_verdict.last_step([row(100, 0.6), row(1000, 0.65)])["rises"]
    assert curve_verdict.last_step(SCRATCH[:1]) is None


def test_a_models_rows_go_from_few_images_to_many_whatever_their_order():
    counts = {"correct": 9, "test_images": 10}
    rows = [row(1000, 0.9), row(10, 0.5, model="resnet50"), row(10, 0.3)]
    found = curve_verdict.by_model([{**each, **counts} for each in rows], 0.95)
    assert {model: [each["images"] for each in rows] for model, rows in found.items()} == {
        "resnet50": [10],
        "cnn": [10, 1000],
    }


def test_the_report_adds_the_wilson_interval_of_an_accuracy():
    """Newcombe (1998), table I: 81 of 263 at 95 % is 0.2553 to 0.3662."""
    point = {"model": "cnn", "images": 10, "correct": 81, "test_images": 263, "accuracy": 81 / 263}
    (row,) = curve_verdict.by_model([point], 0.95)["cnn"]
    assert (round(row["low"], 4), round(row["high"], 4)) == (0.2553, 0.3662)
