"""The benchmark of temperatures: its models are calibrated, so that every temperature but 1 makes them worse."""

import numpy as np
import pytest
from benchmarks.statistics import temperatures


def test_the_simulated_models_are_calibrated():
    """The labels are as often the predicted class as its probability says: within four standard errors."""
    rng = np.random.default_rng(0)
    val = temperatures.draw(rng, temperatures.calibrated(rng, 20_000, temperatures.SIZES[0]))
    accuracy = (val.predicted == val.labels).mean()
    assert val.probabilities.max(1).mean() == pytest.approx(accuracy, abs=4 * np.sqrt(0.11 * 0.89 / 20_000))


def test_every_temperature_but_1_raises_the_log_loss():
    pool = temperatures.calibrated(np.random.default_rng(0), 500, temperatures.SIZES[1])
    assert temperatures.rise(pool, 1.0) == pytest.approx(0, abs=1e-12)
    assert min(temperatures.rise(pool, value) for value in (0.05, 0.5, 0.9, 1.1, 2.0, 20.0)) > 0
