"""selection: the images that are chosen are the least sure and the most different ones."""

import numpy as np
import pytest

from darkroom.labelling import selection
from darkroom.labelling.selection import AHEAD, Candidate


def candidates(margins, features=None):
    features = np.zeros((len(margins), 2)) if features is None else features
    return [Candidate(n, float(m), f) for n, (m, f) in enumerate(zip(margins, features, strict=True))]


def test_the_margin_is_that_of_the_two_likeliest_classes():
    probabilities = np.array([[0.2, 0.7, 0.1], [0.5, 0.0, 0.5]])
    assert selection.margins(probabilities).tolist() == pytest.approx([0.5, 0.0])
    assert selection.margins(np.ones((1, 1))).tolist() == [1.0]  # a model of one class is sure


def test_the_shortlist_holds_the_least_sure_however_many_there_are():
    margins = np.random.default_rng(0).permutation(1000) / 1000
    kept = selection.shortlist(iter(candidates(margins)), 3)
    assert [round(candidate.margin * 1000) for candidate in kept] == list(range(AHEAD * 3))


def test_of_images_in_groups_that_are_alike_one_of_each_is_chosen():
    """Five groups far apart, of 40 images each; the least sure five are all of one group."""
    rng = np.random.default_rng(0)
    centres = 100 * np.eye(5)
    features = np.repeat(centres, 40, axis=0) + rng.normal(size=(200, 5))
    margins = np.repeat(np.linspace(0.1, 0.5, 5), 40)
    chosen = selection.choose(candidates(margins, features), 5, seed=0)
    assert sorted(candidate.item // 40 for candidate in chosen) == [0, 1, 2, 3, 4]
    assert [candidate.margin for candidate in chosen] == sorted(candidate.margin for candidate in chosen)


def test_within_a_group_the_centre_leans_to_the_images_in_doubt():
    """Two places, the doubtful one weighs nine times as much, so the centre is nearer to it."""
    features = np.array([[0.0, 0.0], [1.0, 0.0]])
    chosen = selection.choose(candidates([0.1, 0.9], features), 1, seed=0)
    assert [candidate.item for candidate in chosen] == [0]


def test_as_many_are_chosen_as_are_wanted_even_if_all_are_equal():
    with pytest.warns(match="distinct clusters"):
        chosen = selection.choose(candidates([0.4, 0.2, 0.3, 0.1, 0.5]), 3, seed=0)
    assert len({candidate.item for candidate in chosen}) == 3
    assert len(selection.choose(candidates([0.4, 0.2]), 3, seed=0)) == 2


def test_the_same_images_give_the_same_list():
    features = np.random.default_rng(1).normal(size=(60, 4))
    pool = candidates(np.linspace(0, 1, 60), features)
    first, again = (selection.choose(pool, 7, seed=0) for _ in range(2))
    assert [c.item for c in first] == [c.item for c in again]
