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


def log_loss(labels: np.ndarray, probabilities: np.ndarray) -> float:
    return metrics.scores(from_probabilities(labels, probabilities), BOOTSTRAP).overall["log_loss"]["value"]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_is_that_by_which_a_model_was_made_overconfident(temperature):
    """The standard error of a temperature of 1 is about 0.02 at 5,000 images: four of them."""
    assert calibration.fit_temperature(simulate(5000, 4, temperature)) == pytest.approx(temperature, rel=0.08)


def test_no_other_temperature_has_a_lower_log_loss():
    val = simulate(300, 3, 2.0)
    best = calibration.fit_temperature(val)
    losses = {temperature: log_loss(val.labels, calibration.apply_temperature(val.probabilities, temperature))
              for temperature in (0.9 * best, best, 1.1 * best)}  # fmt: skip
    assert min(losses, key=losses.get) == best


def test_a_temperature_changes_no_predicted_class():
    probabilities = simulate(200, 5, 3.0).probabilities
    scaled = calibration.apply_temperature(probabilities, 7.0)
    assert (scaled.argmax(1) == probabilities.argmax(1)).all()
    assert scaled.sum(1) == pytest.approx(np.ones(200))
    assert calibration.apply_temperature(probabilities, 1.0) == pytest.approx(probabilities, abs=1e-12)


def test_a_validation_set_without_a_mistake_has_temperature_1():
    labels = np.array([0, 1, 0, 1])
    assert calibration.fit_temperature(from_probabilities(labels, np.array([[0.9, 0.1], [0.1, 0.9]])[labels])) == 1


def test_probabilities_of_exactly_zero_have_a_finite_temperature():
    labels = np.array([0, 1, 1])
    assert np.isfinite(calibration.fit_temperature(from_probabilities(labels, np.eye(2, dtype="float32")[[0, 1, 0]])))


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
