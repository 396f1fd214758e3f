"""metrics.subset_test: whether a part of the images is classified differently."""

import numpy as np
import pytest
from scipy.stats import fisher_exact

from darkroom.metrics.design import Design
from darkroom.metrics.subset_test import design_effect, fisher


def p(correct: np.ndarray, inside: np.ndarray, clusters: np.ndarray) -> float:
    return fisher(correct, inside, design_effect(correct, inside, Design(clusters, given=False)))


def test_fisher_exact_matches_the_tea_tasting_example():
    """Fisher's lady: four cups of eight, three of them right; one-sided 17/70, so 34/70 on both sides."""
    correct, inside = np.array([1, 1, 1, 0, 1, 0, 0, 0], bool), np.arange(8) < 4
    assert p(correct, inside, np.arange(8)) == pytest.approx(34 / 70, abs=1e-12)


def test_copies_of_an_image_are_no_further_evidence():
    """Each of 40 images ten times: the counts are divided by ten again."""
    correct, inside = np.arange(40) % 5 > 0, np.arange(40) % 2 > 0
    correct[1::10] = False
    once = fisher_exact([[int((correct & side).sum()), int((~correct & side).sum())] for side in (inside, ~inside)])
    copied = p(np.repeat(correct, 10), np.repeat(inside, 10), np.repeat(np.arange(40), 10))
    assert copied == pytest.approx(once.pvalue)


def test_one_group_alone_proves_nothing_however_many_images_it_has():
    clusters = np.repeat(np.arange(20), 10)
    correct = clusters > 0
    assert p(correct, clusters == 0, np.arange(200)) < 1e-10
    assert p(correct, clusters == 0, clusters) > 0.04


def test_a_slice_of_groups_is_rarely_called_different_when_it_is_not():
    """400 sets of 35 groups of ten, correlated by one half; at most 5 % plus three standard errors."""
    rng, clusters, called = np.random.default_rng(1), np.repeat(np.arange(35), 10), 0
    for _ in range(400):
        ease = (rng.standard_normal(35)[clusters] + rng.standard_normal(350)) / np.sqrt(2)
        called += p(ease < 1.28, rng.permutation(35)[clusters] < 9, clusters) < 0.05
    assert called / 400 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_where_all_images_are_right_those_of_a_cluster_are_copies():
    design = Design(np.repeat(np.arange(30), 10), given=False)
    assert design_effect(np.ones(300, bool), np.arange(300) < 50, design) == 10
