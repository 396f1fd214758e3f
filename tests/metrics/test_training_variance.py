"""An interval that contains chance in training holds its level from a few trainings on."""

import numpy as np
import pytest
from scipy.stats import t

from darkroom.metrics import training_variance
from darkroom.metrics.training_variance import TrainingVariance


def test_without_variance_of_training_the_interval_is_that_of_the_test_images():
    length, df = training_variance.reach(0.01, [TrainingVariance(0.0, 3)], 0.95)
    assert length == pytest.approx(0.0196, abs=1e-5) and df is None


def test_without_variance_of_the_test_images_it_is_welch_s():
    parts = [TrainingVariance(0.0004, 3), TrainingVariance(0.0004, 3)]
    length, df = training_variance.reach(0.0, parts, 0.95)
    assert df == pytest.approx(4) and length == pytest.approx(t.ppf(0.975, 4) * 0.0008**0.5)


def test_more_variance_reaches_further_and_a_weight_divides_it():
    one, two = (training_variance.reach(0.01, [TrainingVariance(v, 3)], 0.95) for v in (0.0001, 0.0002))
    assert one.length < two.length
    halved = training_variance.reach(0.01, [TrainingVariance(0.0002, 3, weight=0.5)], 0.95)
    assert halved == pytest.approx(one)


@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0, 3.0])
def test_from_three_trainings_it_covers_the_truth_in_95_percent(spread):
    """The test images vary by 1, either model by `spread`; standard error of a coverage of 4,000: 0.35 %."""
    rng, rounds = np.random.default_rng(1), 4_000
    found = rng.normal(0, 1, rounds) + spread * rng.normal(0, 1, (2, rounds)).sum(0)
    again = (spread * rng.normal(0, 1, (2, 3, rounds))).var(1, ddof=1)
    lengths = [training_variance.reach(1.0, [TrainingVariance(v, 3) for v in pair], 0.95).length for pair in again.T]
    assert 0.935 <= np.mean(np.abs(found) <= lengths) <= 0.985
