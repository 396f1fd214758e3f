"""metrics.effective_size: of how many independent images a share speaks."""

import numpy as np
import pytest
from scipy.stats import norm

from darkroom.metrics import effective_size, intervals
from darkroom.metrics.design import Design, independent
from darkroom.metrics.effective_size import Shares

RNG = np.random.default_rng(1)


def size(hits: np.ndarray, clusters: np.ndarray) -> float:
    shares = Shares(hits, np.zeros(len(hits), int), 1)
    return effective_size.of_shares(shares, Design(clusters, given=False), 0.95)[0]


@pytest.mark.parametrize("errors", [0, 1, 3, 40, 100])
def test_independent_images_speak_of_themselves(errors):
    hits = np.arange(100) >= errors
    assert effective_size.share(hits, np.arange(100), 0.95) == pytest.approx(
        intervals.fraction(100 - errors, 100, 0.95)
    )


def test_copies_of_images_add_nothing():
    """But for the errors that are supposed, z^2 among 500."""
    hits, clusters = RNG.random(500) < 0.7, np.arange(500)
    assert size(np.repeat(hits, 4), np.repeat(clusters, 4)) == pytest.approx(500, rel=0.06)


def test_clusters_whose_images_have_nothing_in_common_cost_little():
    hits = RNG.random(4000) < 0.7
    assert size(hits, np.repeat(np.arange(1000), 4)) >= 0.8 * 4000


def test_without_an_error_the_images_of_a_cluster_count_half_as_if_copied():
    assert size(np.ones(90, bool), np.repeat(np.arange(30), 3)) == pytest.approx(90 / (1 + 0.5 * 2))


def test_each_group_has_its_own_size_and_an_empty_one_none():
    shares = Shares(np.arange(10) > 4, np.repeat([0, 2], [3, 7]), 3)
    assert effective_size.of_shares(shares, independent(10), 0.95) == pytest.approx([3, 0, 7])


def test_clustered_images_cover_the_truth():
    """400 sets of 35 groups of 10 that share half of what makes them hard; 0.95 less three standard errors is 0.917."""
    clusters, covered = np.repeat(np.arange(35), 10), 0
    for _ in range(400):
        way = np.sqrt(0.5) * RNG.normal(size=35)[clusters] + np.sqrt(0.5) * RNG.normal(size=350)
        score = effective_size.share(way < norm.ppf(0.9), clusters, 0.95)
        covered += score["low"] <= 0.9 <= score["high"]
    assert covered / 400 >= 0.917
