"""How often the intervals of 95 % cover the truth.

Each cell is a kind of test set, drawn again and again from a known truth, and scored with the functions that `evaluate`
calls. A coverage of 0.95 has a standard error of 0.007 in 1,000 sets.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import binom, norm

from darkroom.metrics import metrics
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.metrics.design import Design, independent
from darkroom.metrics.metric_table import METRICS
from darkroom.metrics.sample import Predictions, Sample, from_probabilities

BAR = 0.93, 0.97
SETS = {50: 4_000, 300: 4_000, 2_000: 1_000}  # test sets that are drawn, by their number of images
CLASSES, ACCURACIES = (2, 10), (0.6, 0.9, 0.99)
OF_CLASSES = "f1_macro", "balanced_accuracy"  # metrics of predicted classes; those of accuracy are computed exactly
OF_PROBABILITIES = "log_loss", "brier", "roc_auc"
CERTAINTIES = 2.0, 3.0  # how far apart the classes are
RESAMPLES, SEED = 300, 1
BOOTSTRAP = Bootstrap(RESAMPLES, 0.95, SEED)
CALIBRATED = 354, 1.35  # images, and how far apart two classes are that 75 % of them can be told

Draw = Callable[[np.random.Generator], Predictions]


class Covered(NamedTuple):
    """The shares of test sets in which a metric had an interval, and in which that interval missed the truth."""

    given: float
    missed: float


def run(quick: bool, data: Path | None = None) -> dict:
    """Return `coverage` by cell, the cells of the bar that are `outside` it, and what other metrics reach."""
    sets = dict.fromkeys(SETS, 2) if quick else SETS
    few, images = (1, 1_000) if quick else (1_000, 200_000)  # the latter tell the truth
    bar = dict(_exact_cells()) | {name: 1 - each.missed for name, each in _simulated_cells(sets)}
    others = {name: 1 - each.missed for name, each in _other_cells(sets[2_000])}
    return {
        "coverage": {name: round(share, 3) for name, share in (bar | others).items()},
        "outside": [name for name, share in bar.items() if not BAR[0] <= share <= BAR[1]],
        "coverage_of_probabilities": {name: each._asdict() for name, each in _probabilities(few, images)},
        "ece_of_a_calibrated_model": ece_of_a_calibrated_model(few),
        "coverage_sets": {
            **{f"n {n}": count for n, count in sets.items()},
            "other cells": sets[2_000],
            "of_probabilities": few,
            "resamples": RESAMPLES,
            "seed": SEED,
        },
    }


def _exact_cells() -> Iterator[tuple[str, float]]:
    """The accuracy does not ask for the class, so its cells are those of any number of classes."""
    for n in SETS:
        ends = [_ends(correct, n) for correct in range(n + 1)]
        for accuracy in ACCURACIES:
            holds = [low <= accuracy <= high for low, high in ends]
            yield f"accuracy, n {n}, accuracy {accuracy}", float(binom.pmf(np.arange(n + 1), n, accuracy) @ holds)


def _ends(correct: int, n: int) -> tuple[float, float]:
    labels, predicted = np.zeros(n, np.int64), (np.arange(n) >= correct).astype(np.int64)
    predictions = Predictions(labels, predicted, 2, independent(n))
    ((score,),) = metrics.score_tables(predictions, [{"accuracy": METRICS["accuracy"]}], BOOTSTRAP)[0].values()
    return score["low"], score["high"]


def _simulated_cells(sets: dict[int, int]) -> Iterator[tuple[str, Covered]]:
    for k, n, accuracy in product(CLASSES, SETS, ACCURACIES):
        truth = dict.fromkeys(OF_CLASSES, accuracy)
        covered = measure(_of_recalls(n, np.full(k, accuracy)), truth, sets[n], [k, n, round(100 * accuracy)])
        yield from ((f"{name}, n {n}, k {k}, accuracy {accuracy}", each) for name, each in covered.items())


def _other_cells(sets: int) -> Iterator[tuple[str, Covered]]:
    unequal = measure(_of_recalls(354, np.array([0.99, 0.60])), {"balanced_accuracy": 0.795}, sets, [354])
    yield "balanced_accuracy, n 354, recalls 0.99 and 0.60", unequal["balanced_accuracy"]
    for groups, size, within in ((35, 10, 0.2), (35, 10, 0.5), (200, 10, 0.3)):
        covered = measure(_of_groups(groups, size, within), {"accuracy": 0.9}, sets, [groups, round(100 * within)])
        yield f"accuracy, {groups} groups of {size}, icc {within}", covered["accuracy"]


def _probabilities(sets: int, images: int) -> Iterator[tuple[str, Covered]]:
    for k, n, apart in product(CLASSES, SETS, CERTAINTIES):
        truth = _truth(_of_probabilities(images, k, apart)(np.random.default_rng(SEED)), OF_PROBABILITIES)
        covered = measure(_of_probabilities(n, k, apart), truth, sets, [k, n, round(apart)])
        yield from ((f"{name}, n {n}, k {k}, {apart:g} apart", each) for name, each in covered.items())


def measure(draw: Draw, truth: dict[str, float], sets: int, cell: Sequence[int]) -> dict[str, Covered]:
    """Score `sets` test sets by the metrics of `truth`, and count the intervals that miss it.

    `cell` is any numbers, so that each cell has draws of its own.
    """
    rng, table = np.random.default_rng([SEED, *cell]), {name: METRICS[name] for name in truth}
    given, missed = ({name: np.zeros(sets, bool) for name in truth} for _ in range(2))
    for i in range(sets):
        (scores,) = metrics.score_tables(draw(rng), [table], replace(BOOTSTRAP, seed=i))
        for name, (score,) in scores.items():
            given[name][i] = score["low"] is not None
            missed[name][i] = given[name][i] and not score["low"] <= truth[name] <= score["high"]
    return {name: Covered(_share(given[name]), _share(missed[name])) for name in truth}


def ece_of_a_calibrated_model(sets: int) -> dict[str, float]:
    """The means of its ECE and of the ECE by chance, and the share of test sets in which chance explains the ECE."""
    rng, names = np.random.default_rng(SEED), ("ece", "ece_by_chance")
    draw, table = _of_probabilities(CALIBRATED[0], 2, CALIBRATED[1]), {name: METRICS[name] for name in names}
    scores = [metrics.score_tables(draw(rng), [table], BOOTSTRAP)[0] for _ in range(sets)]
    eces, chances = ([score[name][0] for score in scores] for name in names)
    explained = [ece["value"] <= chance["high"] for ece, chance in zip(eces, chances, strict=True)]
    means = {name: float(np.mean([s[name][0]["value"] for s in scores])) for name in names}
    return {**{name: round(mean, 4) for name, mean in means.items()}, "explained_by_chance": _share(explained)}


def _of_recalls(n: int, recalls: np.ndarray) -> Draw:
    """Labels of equally frequent classes, each predicted with its recall, else as any other class."""
    k = len(recalls)

    def draw(rng: np.random.Generator) -> Predictions:
        labels = rng.integers(0, k, n)
        others = (labels + rng.integers(1, k, n)) % k
        return Predictions(labels, np.where(rng.random(n) < recalls[labels], labels, others), k, independent(n))

    return draw


def _of_groups(groups: int, size: int, within: float) -> Draw:
    """Nine of ten images are right; what makes one hard is shared in its group, with the correlation `within`."""
    clusters = np.repeat(np.arange(groups), size)

    def draw(rng: np.random.Generator) -> Predictions:
        shared, own = rng.normal(size=groups)[clusters], rng.normal(size=len(clusters))
        right = np.sqrt(within) * shared + np.sqrt(1 - within) * own < norm.ppf(0.9)
        return Predictions(np.ones(len(clusters), np.int64), right.astype(np.int64), 2, Design(clusters, given=False))

    return draw


def _of_probabilities(n: int, k: int, apart: float) -> Draw:
    """The exact probabilities of k normal distributions, whose means are `apart` from 0, each on an axis of its own."""

    def draw(rng: np.random.Generator) -> Predictions:
        labels = rng.integers(0, k, n)
        logits = apart * (rng.normal(size=(n, k)) + apart * np.eye(k)[labels])
        odds = np.exp(logits - logits.max(1, keepdims=True))
        return from_probabilities(labels, odds / odds.sum(1, keepdims=True))

    return draw


def _truth(predictions: Predictions, names: Sequence[str]) -> dict[str, float]:
    sample = Sample(predictions, np.ones((predictions.n, 1)))
    return {name: float(METRICS[name].function(sample)[0]) for name in names}


def _share(values: Sequence[bool] | np.ndarray) -> float:
    return round(float(np.mean(values)), 4)
