"""drift.classifier_test: whether new images can be told from old ones."""

import numpy as np
import pytest

from darkroom.drift import classifier_test

DRAWS, ROUNDS = 80, 39  # with 39 permutations p is 0.05 or less in 2 of 40 orders


def points(n: int, width: int, seed: int, shift: float = 0.0) -> np.ndarray:
    """float64 (n, w): as many numbers of a normal distribution, the first of each moved by `shift`."""
    made = np.random.default_rng(seed).normal(0, 1, (n, width))
    made[:, 0] += shift
    return made


@pytest.mark.parametrize(("before", "now", "width"), [(60, 25, 3), (40, 30, 100)], ids=["few", "more than images"])
def test_images_of_one_kind_are_rarely_told_apart_whatever_the_number_of_features(before, now, width):
    samples = (points(before + now, width, seed) for seed in range(DRAWS))
    found = [classifier_test.separate(sample[:before], sample[before:], ROUNDS, 1) for sample in samples]
    share = np.mean([one.p <= 0.05 for one in found])
    assert share < 0.05 + 4 * np.sqrt(0.05 * 0.95 / DRAWS)
    # an AUC has a variance of (1 / v + 1 / n) / 12 and a little more; the mean of many is chance
    assert np.mean([one.auc for one in found]) == pytest.approx(0.5, abs=4 * np.sqrt((1 / before + 1 / now) / 12 / 20))


def test_a_shift_in_one_feature_of_many_is_found_and_the_same_images_give_the_same_answer():
    before, now = points(500, 60, 1), points(150, 60, 2, shift=1.5)
    found, again = (classifier_test.separate(before, now, 199, 3) for _ in range(2))
    # the best classifier looks at that feature alone: Phi(1.5 / sqrt(2)) = 0.856
    assert found.p == 1 / 200 and 0.75 < found.auc < 0.9
    assert again.auc == found.auc and (again.scores == found.scores).all()


def test_the_images_that_were_changed_score_above_those_that_were_not():
    now = np.concatenate([points(60, 10, 4), points(60, 10, 5, shift=4.0)])
    scores = classifier_test.separate(points(400, 10, 6), now, 0, 0).scores
    assert np.median(scores[60:]) > np.quantile(scores[:60], 0.95)


def test_features_that_never_vary_separate_nothing():
    found = classifier_test.separate(np.ones((30, 4)), np.ones((20, 4)), 99, 0)
    assert (found.auc, found.p) == (0.5, 1)
