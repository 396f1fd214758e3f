"""The loss of accuracy against a margin: Tango's interval of the difference of paired shares."""

import math

import numpy as np
import pytest

from darkroom.metrics import noninferiority
from darkroom.metrics.design import Design, independent
from darkroom.metrics.noninferiority import least_images, loss

Z = 1.6448536269514722  # of a one-sided 95 %


def pairs(lost, won, n):
    """Which of n images two models are right on: `lost` by the first alone, `won` by the second alone."""
    first, second = np.ones(n, bool), np.ones(n, bool)
    second[:lost], first[lost : lost + won] = False, False
    return first, second


@pytest.mark.parametrize("n", [50, 500])
def test_models_that_are_right_on_the_same_images_have_the_interval_of_the_closed_form(n):
    result = loss(*pairs(0, 0, n), independent(n), 0.95)
    end = Z**2 / (n + Z**2)  # (n d)^2 / (n d (1 - d)) = z^2
    assert result == pytest.approx((0, -end, end), abs=1e-12)


@pytest.mark.parametrize("lost, won, n", [(5, 2, 100), (9, 1, 300), (30, 30, 200)])
def test_each_end_is_the_loss_that_the_score_test_just_rejects(lost, won, n):
    """By its definition: the statistic with the nuisance share found by search, not by Tango's formula."""
    result = loss(*pairs(lost, won, n), independent(n), 0.95)
    assert score(lost, won, n, result.high) == pytest.approx(-Z, abs=1e-3)
    assert score(won, lost, n, -result.low) == pytest.approx(-Z, abs=1e-3)


def score(lost, won, n, d):
    shares = np.linspace(max(0, -d), (1 - d) / 2, 100_001)[1:-1]  # of won images; the likelihood is flat at its top
    likelihood = lost * np.log(shares + d) + won * np.log(shares) + (n - lost - won) * np.log(1 - 2 * shares - d)
    share = shares[likelihood.argmax()]
    return (lost - won - n * d) / math.sqrt(n * (2 * share + d - d**2))


def test_the_interval_holds_its_level():
    """2,000 pairs of models that lose 1 point: at 95 %, 100 misses are expected, with a deviation of 10."""
    rng, misses = np.random.default_rng(1), 0
    for _ in range(2000):
        lost, won, _ = rng.multinomial(400, [0.02, 0.01, 0.97])
        misses += loss(*pairs(lost, won, 400), independent(400), 0.95).high < 0.01
    assert misses <= 130


def test_copies_of_an_image_count_once():
    right = pairs(2, 1, 60)
    thrice = [np.repeat(one, 3) for one in right]
    clusters = Design(np.repeat(np.arange(60), 3), given=False)
    assert loss(*thrice, clusters, 0.95) == pytest.approx(loss(*right, independent(60), 0.95))


@pytest.mark.parametrize("lost, n, expected", [(0, 1000, True), (30, 1000, False), (3, 1000, None), (0, 100, None)])
def test_a_loss_is_within_the_margin_beyond_it_or_not_known(lost, n, expected):
    assert loss(*pairs(lost, 0, n), independent(n), 0.95).within(0.005) is expected


def test_the_fewest_images_are_just_enough():
    n = least_images(0.005, 0.95)
    assert loss(*pairs(0, 0, n), independent(n), 0.95).within(0.005)
    assert loss(*pairs(0, 0, n - 1), independent(n - 1), 0.95).within(0.005) is None
    assert noninferiority.effective_size(independent(n)) == n
