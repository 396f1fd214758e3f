"""evaluate.calibration: temperature scaling, and how far confidence and accuracy are apart."""

import numpy as np
import pytest

from darkroom.evaluate import calibration
from darkroom.metrics import metrics
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.metrics.sample import Predictions, from_probabilities

BOOTSTRAP = Bootstrap(resamples=200, confidence=0.95, seed=1)


def simulate(n: int, k: int, temperature: float = 1.0, seed: int = 0) -> Predictions:
    """Labels drawn from calibrated probabilities, and those probabilities with their logits times `temperature`."""
    rng = np.random.default_rng(seed)
    calibrated = rng.dirichlet(np.full(k, 0.5), n)
    labels = (calibrated.cumsum(1) > rng.random((n, 1))).argmax(1)
    sharpened = calibrated**temperature
    return from_probabilities(labels, sharpened / sharpened.sum(1, keepdims=True))


def test_the_bins_add_up_to_the_calibration_error():
    predictions = simulate(400, 3, 2.0)
    rows = [row for row in calibration.reliability(predictions, 0.95) if row["n"]]
    ece = sum(row["n"] * abs(row["value"] - row["confidence"]) for row in rows) / 400
    assert sum(row["n"] for row in rows) == 400
    assert ece == pytest.approx(metrics.scores(predictions, BOOTSTRAP).overall["ece"]["value"], abs=1e-12)
    assert all(row["bin_low"] < row["confidence"] <= row["bin_high"] for row in rows)
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows)


def test_an_empty_bin_has_no_value():
    rows = calibration.reliability(from_probabilities(np.array([0]), np.array([[0.99, 0.01]])), 0.95)
    assert [row["n"] for row in rows] == [0] * 14 + [1]
    assert {rows[0][key] for key in ("confidence", "value", "low", "high")} == {None}


def test_scaling_improves_an_overconfident_model_and_says_by_how_much():
    test = simulate(2000, 4, 3.0, seed=1)
    result = calibration.calibrate(simulate(2000, 4, 3.0), test, BOOTSTRAP)
    for name in ("log_loss", "brier"):
        assert result["after"][name]["high"] < result["before"][name]["low"]
    assert result["before"]["ece"]["value"] > result["before"]["ece_by_chance"]["high"]
    direct = metrics.scores(test, BOOTSTRAP).overall
    assert result["before"] == {name: direct[name] for name in result["before"]}
    assert result["change"]["value"] == result["after"]["log_loss"]["value"] - result["before"]["log_loss"]["value"]
    assert (result["fit"], result["effect"]) == ("fitted", "helps")


def test_a_temperature_from_other_images_than_those_of_the_test_harms():
    result = calibration.calibrate(simulate(2000, 4, 3.0), simulate(2000, 4, 1.0, seed=1), BOOTSTRAP)
    assert result["effect"] == "harms" and result["change"]["low"] > 0


def test_scaling_of_a_calibrated_model_is_not_distinguishable_from_none():
    """Eight of ten at least: 0.95 or more is expected, because a change is often too small to be seen."""
    effects = [calibration.calibrate(simulate(300, 3, seed=s), simulate(300, 3, seed=s + 50), BOOTSTRAP)["effect"]
               for s in range(10)]  # fmt: skip
    assert effects.count("not distinguishable") >= 8


def test_the_interval_of_the_change_is_that_of_pairs():
    """Hard images are hard before and after, so the change is surer than either log loss."""
    result = calibration.calibrate(simulate(1000, 4, 1.5), simulate(1000, 4, 1.5, seed=1), BOOTSTRAP)
    change, before = result["change"], result["before"]["log_loss"]
    assert change["high"] - change["low"] < 0.5 * (before["high"] - before["low"])


def test_where_no_temperature_is_fitted_nothing_changes():
    labels = np.array([0, 1, 0, 1])
    val = from_probabilities(labels, np.array([[0.9, 0.1], [0.1, 0.9]])[labels])
    result = calibration.calibrate(val, simulate(300, 2), BOOTSTRAP)
    assert result["temperature"] == {"value": 1.0, "low": None, "high": None}
    assert (result["fit"], result["errors"]) == ("too few errors", 0)
    assert result["after"] == result["before"] and result["bins_after"] == result["bins"]
    assert (result["change"]["value"], result["effect"]) == (0.0, "not distinguishable")
