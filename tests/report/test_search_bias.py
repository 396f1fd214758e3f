"""report.search_bias: how much the best of many trials flatters, and that nothing flatters where nothing was chosen."""

import numpy as np
import pytest
from scipy.stats import norm

from darkroom.report import search_bias


def simulated(accuracy: float, images: int, trials: int, difficulty: float) -> float:
    """Mean excess of the best of equally good trials; `difficulty` is the share of what images have in common.

    An image is wrong where its own difficulty and the luck of the trial add up to more than a limit (probit). 0.79
    correlates the errors by 0.5 where the accuracy is 0.9.
    """
    rng, sets = np.random.default_rng(0), 400
    own = np.sqrt(difficulty) * rng.normal(size=(sets, images, 1))
    wrong = own + np.sqrt(1 - difficulty) * rng.normal(size=(sets, images, trials)) < norm.ppf(1 - accuracy)
    return float((1 - wrong.mean(1)).max(1).mean()) - accuracy


@pytest.mark.parametrize(("images", "trials"), [(270, 2), (270, 6), (100, 6), (270, 30)])
def test_it_is_the_excess_of_the_best_of_equally_good_trials(images, trials):
    """Within 15 %: 5 % are chance in 400 sets, the rest is the normal approximation."""
    expected = simulated(0.9, images, trials, 0.79)
    assert search_bias.largest(0.9, images, trials) == pytest.approx(expected, rel=0.15)


def test_nothing_flatters_where_nothing_was_chosen():
    assert search_bias.largest(0.9, 270, 1) == 0


def test_more_trials_flatter_more_and_more_images_less():
    few, usual, many = (search_bias.largest(0.9, 270, trials) for trials in (2, 6, 30))
    assert 0 < few < usual < many
    assert search_bias.largest(0.9, 2700, 6) == pytest.approx(usual / np.sqrt(10), rel=0.05)


def test_no_error_at_all_may_still_flatter():
    assert 0 < search_bias.largest(1.0, 270, 6) < search_bias.largest(0.9, 270, 6)
