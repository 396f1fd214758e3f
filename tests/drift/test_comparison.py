"""drift.comparison: all tests of a comparison together."""

import numpy as np
import pytest

from darkroom.drift import comparison
from darkroom.novelty import held_out
from darkroom.novelty.held_out import HeldOut, Images
from darkroom.packed_data import PROPERTIES

CLASSES = ["cat", "dog"]


def images(n: int, seed: int, *, darker: float = 0.0, turned: float = 0.0, dogs: float = 0.5, width: int = 4) -> Images:
    """n images: darker by that many levels, with features that are moved, and with that share of dogs."""
    rng = np.random.default_rng(seed)
    looks = rng.normal(120, 30, (n, len(PROPERTIES)))
    looks[:, PROPERTIES.index("brightness")] -= darker
    sure = rng.uniform(0.5, 1, n)
    probabilities = np.where(
        (rng.random(n) < dogs)[:, None], np.stack([1 - sure, sure], 1), np.stack([sure, 1 - sure], 1)
    )
    features = rng.normal(0, 1, (n, width)) + turned
    return held_out.images(looks, features, probabilities)


@pytest.fixture(scope="module")
def known() -> HeldOut:
    made = images(150, 0)
    wrong = np.random.default_rng(1).random(150) > made.confidence
    return HeldOut(*made, np.where(wrong, 1 - made.predicted, made.predicted))


def test_images_of_one_kind_alarm_no_more_often_than_alpha():
    draws, alpha, alarms = 25, 0.2, 0
    for seed in range(draws):
        before = images(60, 2 * seed)
        alarms += bool(
            comparison.compare(HeldOut(*before, before.predicted), images(40, 2 * seed + 1), CLASSES, alpha).moved
        )
    assert alarms / draws < alpha + 4 * np.sqrt(alpha * (1 - alpha) / draws)


@pytest.mark.parametrize(("change", "name"), [
    ({"darker": 60}, "brightness"), ({"turned": 1.0}, "features"), ({"dogs": 0.95}, "labels"),
], ids=["the light", "what the network sees", "what it says"])  # fmt: skip
def test_one_change_raises_the_alarm_under_its_own_name(known, change, name):
    found = comparison.compare(known, images(100, 7, **change), CLASSES, 0.05)
    assert found.findings[0].finding.name == name and found.findings[0].moved
    assert [finding.name for finding in found.moved] == [name]


def test_each_thing_is_one_test_and_all_are_corrected_together(known):
    found = comparison.compare(known, images(100, 8, darker=25), CLASSES, 0.05)
    names = {row.finding.name for row in found.findings}
    assert names == {*PROPERTIES, "labels", "confidence", "features"}
    smallest = min(found.findings, key=lambda row: row.finding.p)
    assert smallest.p == pytest.approx(min(1, 9 * smallest.finding.p))  # Holm: times the number of tests


def test_without_features_the_rest_is_compared_and_the_darkest_images_are_farthest(known):
    darker = images(60, 9, darker=100, width=0)
    new = Images(*map(np.concatenate, zip(images(60, 10, width=0), darker, strict=True)))
    found = comparison.compare(known, new, CLASSES, 0.05)
    assert "features" not in {row.finding.name for row in found.findings} and len(found.findings) == 8
    assert np.mean(np.argsort(-found.scores)[:30] >= 60) > 0.9


@pytest.mark.parametrize(("tests", "alpha", "expected"), [(1, 0.05, 999), (9, 0.05, 999), (9, 0.001, 18_000)])
def test_there_are_enough_permutations_for_the_smallest_p_to_pass_the_correction(tests, alpha, expected):
    assert comparison.random_draws(tests, alpha) == expected
    assert 1 / (1 + expected) * tests < alpha / 1.9
