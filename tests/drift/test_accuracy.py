"""drift.accuracy: how accurate a model is on images without labels."""

import numpy as np
import pytest

from darkroom.drift import accuracy

DRAWS = 120


def sure(n: int, rng: np.random.Generator, a: float = 4.0) -> tuple[np.ndarray, np.ndarray]:
    """Confidence float (n,) of a model that is too sure, and whether it is right: with the root less often."""
    chance = rng.beta(a, 1, n)
    return np.sqrt(chance), rng.random(n) < chance


@pytest.mark.parametrize("a", [4.0, 2.5], ids=["the same images", "harder images"])
def test_the_interval_holds_the_accuracy_where_confidence_means_what_it_meant(a):
    rng, held = np.random.default_rng(1), []
    for seed in range(DRAWS):
        (confidence, right), (now, hits) = sure(800, rng), sure(200, rng, a)
        found = accuracy.estimate(confidence, right, now, seed)
        held.append(found.low <= hits.mean() <= found.high)
    # 95 %, less four standard deviations, and 2 points for confidence that varies within a bin
    assert np.mean(held) > 0.93 - 4 * np.sqrt(0.95 * 0.05 / DRAWS)


def test_fewer_images_make_the_interval_wider_on_either_side():
    rng = np.random.default_rng(2)
    many, few, asked, asked_less = (sure(n, rng) for n in (1000, 60, 400, 40))
    widths = [
        np.ptp(accuracy.estimate(*known, now[0], 0)[1:3])
        for known, now in ((many, asked), (few, asked), (many, asked_less))
    ]
    assert widths[0] < widths[1] and widths[0] < widths[2]


def test_a_model_that_is_equally_sure_of_everything_is_as_accurate_as_it_was():
    right = np.arange(200) % 5 > 0
    found = accuracy.estimate(np.ones(200), right, np.ones(100), 0)
    assert found.before == 0.8 and found.value == pytest.approx(0.8, abs=0.005) and found.low < 0.8 < found.high


def test_a_model_that_was_never_wrong_is_not_called_perfect():
    found = accuracy.estimate(np.linspace(0.9, 1, 50), np.ones(50, bool), np.full(50, 0.95), 0)
    assert found.low < 0.99 and found.high == 1
