"""judging.calibration: honest probabilities, and the one number that mends them."""

import numpy as np
import pytest

from darkroom.evaluate import calibration
from darkroom.metrics import metrics

HOW = {"resamples": 200, "confidence": 0.95, "seed": 1}


def drawn(n: int, k: int, heat: float = 1.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels drawn from honest probabilities, and those probabilities with their logits times `heat`."""
    rng = np.random.default_rng(seed)
    honest = rng.dirichlet(np.full(k, 0.5), n)
    labels = (honest.cumsum(1) > rng.random((n, 1))).argmax(1)
    sharpened = honest**heat
    return labels, sharpened / sharpened.sum(1, keepdims=True)


@pytest.mark.parametrize("heat", [0.5, 1.0, 3.0])
def test_the_temperature_is_that_by_which_a_model_was_made_too_sure(heat):
    """The standard error of a temperature of 1 is about 0.02 at 5,000 images: four of them."""
    assert calibration.temperature(*drawn(5000, 4, heat)) == pytest.approx(heat, rel=0.08)


def test_no_other_temperature_has_a_lower_log_loss():
    labels, probabilities = drawn(300, 3, 2.0)
    best = calibration.temperature(labels, probabilities)
    losses = {heat: metrics.summary(labels, calibration.tempered(probabilities, heat), **HOW)["log_loss"]["value"]
              for heat in (0.9 * best, best, 1.1 * best)}  # fmt: skip
    assert min(losses, key=losses.get) == best


def test_a_temperature_changes_no_answer():
    labels, probabilities = drawn(200, 5, 3.0)
    tempered = calibration.tempered(probabilities, 7.0)
    assert (tempered.argmax(1) == probabilities.argmax(1)).all()
    assert tempered.sum(1) == pytest.approx(np.ones(200))
    assert calibration.tempered(probabilities, 1.0) == pytest.approx(probabilities, abs=1e-12)


def test_a_validation_set_without_an_error_teaches_nothing():
    labels = np.array([0, 1, 0, 1])
    assert calibration.temperature(labels, np.array([[0.9, 0.1], [0.1, 0.9]])[labels]) == 1


def test_probabilities_of_exactly_zero_have_a_finite_temperature():
    labels = np.array([0, 1, 1])
    assert np.isfinite(calibration.temperature(labels, np.eye(2, dtype="float32")[[0, 1, 0]]))


def test_the_bins_add_up_to_the_calibration_error():
    labels, probabilities = drawn(400, 3, 2.0)
    rows = [row for row in calibration.reliability(labels, probabilities, 0.95) if row["n"]]
    ece = sum(row["n"] * abs(row["value"] - row["confidence"]) for row in rows) / 400
    assert sum(row["n"] for row in rows) == 400
    assert ece == pytest.approx(metrics.summary(labels, probabilities, **HOW)["ece"]["value"], abs=1e-12)
    assert all(row["bin_low"] < row["confidence"] <= row["bin_high"] for row in rows)
    assert all(row["low"] <= row["value"] <= row["high"] for row in rows)


def test_an_empty_bin_has_no_value():
    rows = calibration.reliability(np.array([0]), np.array([[0.99, 0.01]]), 0.95)
    assert [row["n"] for row in rows] == [0] * 14 + [1]
    assert {rows[0][key] for key in ("confidence", "value", "low", "high")} == {None}


def test_scaling_mends_what_is_too_sure_and_says_by_how_much():
    found = calibration.calibrate(drawn(2000, 4, 3.0), drawn(2000, 4, 3.0, seed=1), **HOW)
    for name in ("log_loss", "brier", "ece"):
        assert found["after"][name]["high"] < found["before"][name]["low"]
    labels, probabilities = drawn(2000, 4, 3.0, seed=1)
    direct = metrics.summary(labels, probabilities, **HOW)
    assert all(found["before"][name]["value"] == direct[name]["value"] for name in found["before"])
