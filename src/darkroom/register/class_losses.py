"""The guard by class: a challenger that is better on the whole may still have ruined a class.

A class is ruined if the challenger's recall on it is lower than the champion's by more than a limit and the difference
is beyond chance. Both are asked for, because each alone errs: of challengers that are exactly as good, one in nine
loses a tenth of its recall on one of ten classes of 35 images by luck; and with thousands of images a loss of half a
point is beyond chance. The price: in a class of a handful of images ruin is seldom proven (docs/evaluation.md).
"""

from typing import NamedTuple

import numpy as np

from darkroom.metrics import paired_tests, ranking
from darkroom.metrics.sample import Predictions
from darkroom.params import Register
from darkroom.register.match import CHALLENGER, CHAMPION, Answers


class Loss(NamedTuple):
    """The recall on a class, of the champion and of the challenger, on the class's `n` test images."""

    label: str
    champion: float
    challenger: float
    n: int
    p: float  # of McNemar's test, corrected by Holm for the number of `classes`
    classes: int

    @property
    def value(self) -> float:
        return self.champion - self.challenger


def ruined(answers: Answers, register: Register) -> Loss | None:
    """Return the class that the challenger loses most on, of those that it ruins; None without one, or a limit."""
    if register.max_class_loss is None:
        return None
    losses = _losses(answers)
    bad = [loss for loss in losses if loss.value > register.max_class_loss and loss.p < 1 - register.confidence]
    return max(bad, key=lambda loss: (loss.value, loss.label), default=None)


def _losses(answers: Answers) -> list[Loss]:
    """Return the loss of each class that has test images."""
    labels = sorted(set(answers.labels.tolist()))
    subsets = [answers.on(answers.labels == label) for label in labels]
    ps = ranking.holm([_p(subset) for subset in subsets])
    return [_loss(label, subset, p, len(labels)) for label, subset, p in zip(labels, subsets, ps, strict=True)]


def _loss(label: str, answers: Answers, p: float, classes: int) -> Loss:
    champion, challenger = (float(_right(answers, role).mean()) for role in (CHAMPION, CHALLENGER))
    return Loss(label, champion, challenger, len(answers.labels), p, classes)


def _p(answers: Answers) -> float:
    """Return McNemar's p: recall on a class is the accuracy on its images."""
    right = np.ones(len(answers.labels), np.int64)
    a, b = (
        Predictions(right, _right(answers, role).astype(np.int64), 2, answers.design) for role in (CHALLENGER, CHAMPION)
    )
    return paired_tests.mcnemar(a, b)


def _right(answers: Answers, role: str) -> np.ndarray:
    return answers.predicted[role] == answers.labels
