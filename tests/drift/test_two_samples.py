"""drift.two_samples: one thing at a time, before and now."""

import numpy as np
import pytest

from darkroom.drift import two_samples

DRAWS = 150
RATE = 0.05 + 4 * np.sqrt(0.05 * 0.95 / DRAWS)  # four standard deviations above what an exact test allows


def numbers(before: np.ndarray, now: np.ndarray):
    return two_samples.numbers("brightness", "properties", before, now)


@pytest.mark.parametrize("ties", [False, True], ids=["continuous", "few values"])
def test_numbers_of_one_kind_are_rarely_called_different(ties):
    rng = np.random.default_rng(1)
    samples = (rng.normal(100, 30, 140).round(-1 if ties else 6) for _ in range(DRAWS))
    assert np.mean([numbers(sample[:100], sample[100:]).p < 0.05 for sample in samples]) < RATE


def test_the_effect_of_numbers_is_the_largest_difference_of_shares_and_the_medians_are_in_their_unit():
    found = numbers(np.arange(100.0), np.arange(100.0) - 30)
    assert found.effect == pytest.approx(0.3) and found.p < 0.001
    assert (found.before["median"], found.now["median"]) == (49.5, 19.5)
    assert found.before["low"] == pytest.approx(9.9) and found.before["high"] == pytest.approx(89.1)


def test_one_size_of_all_images_is_no_change():
    assert numbers(np.full(50, 32.0), np.full(20, 32.0)).p == 1


@pytest.mark.parametrize("classes", [2, 60], ids=["few classes", "classes that are expected less than once"])
def test_labels_of_one_kind_are_rarely_called_different(classes):
    rng, names = np.random.default_rng(2), [str(number) for number in range(classes)]
    samples = (rng.integers(0, classes, 150) for _ in range(DRAWS))
    ps = [two_samples.labels(sample[:110], sample[110:], names, 199, seed).p for seed, sample in enumerate(samples)]
    assert np.mean(np.array(ps) < 0.05) < RATE


def test_the_effect_of_labels_is_the_share_of_images_that_would_need_another():
    before, now = np.repeat([0, 1, 2], [50, 30, 20]), np.repeat([0, 1, 2], [20, 30, 50])
    found = two_samples.labels(before, now, ["cat", "dog", "fox"], 999, 0)
    assert found.effect == pytest.approx(0.3) and found.p < 0.01
    assert found.before == {"cat": 0.5, "dog": 0.3, "fox": 0.2} and found.now["fox"] == 0.5


def test_a_network_that_gives_one_label_before_and_now_has_not_changed():
    found = two_samples.labels(np.zeros(30, int), np.zeros(20, int), ["cat", "dog"], 999, 0)
    assert (found.p, found.effect) == (1, 0)
