"""How often the gate promotes a challenger that is no better, and how often one that is.

A challenger is promoted if the test that suits the metric gives p below 0.05 and it is the better one, so a false
promotion has a chance of 2.5 %. Of several challengers the one with the lowest log loss on validation images is
taken; beside it stands what taking the best on the test images would do.
"""

from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import binom

from benchmarks.statistics.simulated_models import both_right, is_right, log_loss, obstacles
from darkroom.metrics import paired_tests
from darkroom.metrics.design import Design, independent
from darkroom.metrics.paired_tests import Permutations
from darkroom.metrics.sample import Predictions

ACCURACY, LEVEL, SEED = 0.90, 0.05, 1
VALIDATION = 270  # images
NEGLIGIBLE = 1e-9  # chances below it do not count
GROUPS, PER_GROUP, WITHIN = 35, 10, 0.5  # how many groups, the images of each, and what those share
COMMON, RARE = 900, 100  # images of two classes
OLD, NEW = (0.95, 0.50), (0.928125, 0.696875)  # recalls: the same accuracy, balanced accuracy 8.75 points better


class Round(NamedTuple):
    """Which of the test images each model gets right: the champion, and challengers as the gate chooses them."""

    champion: np.ndarray  # bool (n,)
    best_on_validation: np.ndarray
    best_on_test: np.ndarray


def run(quick: bool, data: Path | None = None) -> dict:
    """Return `false_promotions`, `power` and `balanced_accuracy`, as shares of the rounds or sets that they name."""
    rounds, sets = (40, 5) if quick else (4_000, 500)
    of_groups = {"groups": share_promoted_by_groups(rounds)}
    return {
        "false_promotions": {"rounds": rounds, "images": 354, **false_promotions(354, rounds), **of_groups},
        "false_promotions_2000": {"rounds": rounds, "images": 2_000, **false_promotions(2_000, rounds)},
        "power": {"accuracy": ACCURACY, "gain": 0.02, **{str(n): power(n, 0.02) for n in (354, 2_000)}},
        "balanced_accuracy": {
            "sets": sets,
            "gain_proven": share_proven(OLD, NEW, sets),
            "equal_proven": share_proven(OLD, OLD, sets),
        },
    }


def false_promotions(n: int, rounds: int) -> dict:
    """Promotions by `n` test images among 1, 5 and 10 challengers that are as good as the champion."""
    shares, on_test, optimism = {}, {}, {}
    for name, challengers in (("one", 1), ("best_of_5", 5), ("best_of_10", 10)):
        played = list(play(n, challengers, rounds))
        shares[name] = _share([is_promoted(r.best_on_validation, r.champion) for r in played])
        on_test[name] = _share([is_promoted(r.best_on_test, r.champion) for r in played])
        optimism[name] = {
            "best_on_validation": _points([r.best_on_validation.mean() - ACCURACY for r in played]),
            "best_on_test": _points([r.best_on_test.mean() - ACCURACY for r in played]),
        }
    return {**shares, "if_chosen_on_test": on_test, "optimism_in_points": optimism}


def play(n: int, challengers: int, rounds: int) -> Iterator[Round]:
    """Draw rounds of a champion and challengers that are as good."""
    rng = np.random.default_rng([SEED, n, challengers])
    for _ in range(rounds):
        in_the_way = obstacles(rng, 1 + challengers, np.arange(VALIDATION + n))
        losses = log_loss(in_the_way[1:, :VALIDATION], ACCURACY)
        champion, *others = is_right(in_the_way[:, VALIDATION:], ACCURACY)
        yield Round(champion, others[losses.argmin()], max(others, key=np.sum))


def power(n: int, gain: float) -> float:
    """Return the chance that a challenger that is better by `gain` is promoted by `n` test images, computed exactly."""
    both = both_right(ACCURACY, ACCURACY + gain)
    differ = 2 * ACCURACY + gain - 2 * both  # the chance that one is right and the other is not
    chance = 0.0
    for images in range(1, n + 1):
        if (share := binom.pmf(images, n, differ)) > NEGLIGIBLE:
            needed = fewest_won(images)
            chance += share * binom.sf(needed - 1, images, (ACCURACY + gain - both) / differ)
    return round(float(chance), 4)


def fewest_won(images: int) -> int:
    """Return how many of the images that only one model has right the challenger must win; too many if it cannot."""
    return bisect_left(range(images + 1), True, key=lambda won: is_promoted(*_right(won, images - won)))


def _right(a: int, b: int) -> np.ndarray:
    """Where two models are right, bool `(2, a + b)`, of which the first alone has `a` right and the second `b`."""
    return np.repeat([[True, False], [False, True]], [a, b], axis=1)


def share_promoted_by_groups(rounds: int) -> float:
    """The share of promotions of a challenger that is as good, by test images that come in groups."""
    rng, clusters = np.random.default_rng([SEED, GROUPS]), np.repeat(np.arange(GROUPS), PER_GROUP)
    pairs = (is_right(obstacles(rng, 2, clusters, WITHIN), ACCURACY) for _ in range(rounds))
    return _share([is_promoted(challenger, champion, Design(clusters, given=False)) for champion, challenger in pairs])


def share_proven(old: tuple[float, float], new: tuple[float, float], sets: int) -> float:
    """The share of test sets that prove a difference of balanced accuracy between models with these recalls."""
    rng, labels = np.random.default_rng([SEED, COMMON]), np.repeat([0, 1], [COMMON, RARE])
    design, permutations = independent(len(labels)), paired_tests.permutations(1, 1 - LEVEL, SEED)
    ps = []
    for _ in range(sets):
        right = is_right(obstacles(rng, 2, np.arange(len(labels))), np.array([old, new])[:, labels])
        a, b = (Predictions(labels, np.where(one, labels, 1 - labels), 2, design) for one in right)
        ps.append(paired_tests.compare(a, b, "balanced_accuracy", permutations).p)
    return _share([p < LEVEL for p in ps])


def is_promoted(challenger: np.ndarray, champion: np.ndarray, design: Design | None = None) -> bool:
    """Whether the accuracy on the test images, bool `(n,)` where each model is right, promotes the challenger."""
    labels = np.ones(len(champion), np.int64)
    a, b = (
        Predictions(labels, right.astype(np.int64), 2, design or independent(len(labels)))
        for right in (challenger, champion)
    )
    p = paired_tests.compare(a, b, "accuracy", Permutations(0, SEED)).p
    return p < LEVEL and challenger.sum() > champion.sum()


def _share(values: list) -> float:
    return round(float(np.mean(values)), 4)


def _points(values: list) -> float:
    return round(100 * float(np.mean(values)), 2)
