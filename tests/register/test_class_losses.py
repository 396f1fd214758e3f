"""A challenger that ruins a class is found, and one that is only unlucky on a class is not."""

import numpy as np
import pytest
from tests.fixtures.defaults import DEFAULTS, changed

from darkroom.metrics import design
from darkroom.metrics.design import Design
from darkroom.register import class_losses
from darkroom.register.match import CHALLENGER, CHAMPION, Answers

GUARD = changed(DEFAULTS.register, max_class_loss=0.1, confidence=0.95)
CLASSES = np.array(["bird", "cat", "dog"])


def answers(right: dict[str, tuple[int, int]], n: int = 100, clusters: np.ndarray | None = None) -> Answers:
    """Answers to `n` images of each class, of which the champion and the challenger are right on the first so many."""
    labels = np.repeat(list(right), n)
    first = np.tile(np.arange(n), len(right))
    predicted = {
        role: np.where(first < np.repeat([counts[number] for counts in right.values()], n), labels, "none")
        for number, role in enumerate((CHAMPION, CHALLENGER))
    }
    drawn = design.independent(len(labels)) if clusters is None else Design(clusters, given=False)
    return Answers(labels, predicted, drawn)


def test_the_class_that_lost_most_is_named_with_both_recalls():
    loss = class_losses.ruined(answers({"bird": (90, 100), "cat": (90, 70), "dog": (90, 40)}), GUARD)
    assert (loss.label, loss.champion, loss.challenger, loss.n, loss.classes) == ("dog", 0.9, 0.4, 100, 3)
    assert loss.p < 1e-9 and loss.value == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("why", "cat"), [("better", (70, 90)), ("equal", (90, 90)), ("within the limit", (90, 80)), ("tiny", (90, 89))]
)
def test_a_class_that_is_not_worse_by_more_than_the_limit_is_not_ruined(why, cat):
    assert class_losses.ruined(answers({"bird": (50, 100), "cat": cat}), GUARD) is None


def test_a_loss_that_can_be_chance_ruins_nothing():
    """Three of eight images are 0.375, and p is 2 * (1/8) / 2 = 0.125."""
    few = answers({"cat": (8, 5), "dog": (4, 8)}, n=8)
    assert class_losses.ruined(few, GUARD) is None


def test_the_number_of_classes_counts():
    """Six images lost have p = 0.5 ** 6 = 0.0156: beyond chance for one class or two, and not for ten."""
    few = {"cat": (20, 14)}
    assert class_losses.ruined(answers(few, n=20), GUARD).p == pytest.approx(0.5**6)
    others = {str(number): (20, 20) for number in range(9)}
    assert class_losses.ruined(answers(few | others, n=20), GUARD) is None


def test_images_of_one_group_are_no_independent_evidence():
    """The twenty images that are lost are of two groups: p is 0.5 ** 2 = 0.25."""
    lost = {"cat": (100, 80)}
    assert class_losses.ruined(answers(lost), GUARD)
    assert class_losses.ruined(answers(lost, clusters=np.arange(100) // 10), GUARD) is None


def test_without_a_limit_nothing_is_ruined():
    assert class_losses.ruined(answers({"cat": (100, 0)}), changed(GUARD, max_class_loss=None)) is None


def test_equal_models_are_seldom_said_to_ruin_a_class():
    """Ten classes of 35 images, accuracy 0.90, 300 pairs: below the level of 0.05."""
    rng = np.random.default_rng(1)
    labels = np.repeat(np.arange(10).astype(str), 35)
    drawn = design.independent(len(labels))
    ruined = 0
    for _ in range(300):
        both = rng.random(350) < 0.85  # right of both models; of the rest each is right on a third by itself
        right = {role: both | (rng.random(350) < 1 / 3) for role in (CHAMPION, CHALLENGER)}
        predicted = {role: np.where(right[role], labels, "none") for role in right}
        ruined += class_losses.ruined(Answers(labels, predicted, drawn), GUARD) is not None
    assert ruined / 300 < 0.05
