"""metrics.metric_intervals: intervals cover the truth, and say so where none does."""

import numpy as np
import pytest
from scipy.stats import binom

from darkroom.metrics import intervals, metric_intervals, metrics
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.metrics.design import Design, independent
from darkroom.metrics.metric_table import CLASS_METRICS, METRICS
from darkroom.metrics.sample import Predictions, from_probabilities

OF_CLASSES = ("accuracy", "balanced_accuracy", "f1_macro")


def scores(predictions: Predictions, names, seed: int = 1, resamples: int = 200) -> dict:
    table = {name: METRICS[name] for name in names}
    (result,) = metrics.score_tables(predictions, [table], Bootstrap(resamples, 0.95, seed))
    return {name: score for name, (score,) in result.items()}


def with_errors(labels: np.ndarray, wrong: np.ndarray, k: int) -> Predictions:
    """The predictions for `labels` of which those of the images `wrong` are another class."""
    predicted = labels.copy()
    predicted[wrong] = (labels[wrong] + 1) % k
    return Predictions(labels, predicted, k, independent(len(labels)))


def calibrated(rng: np.random.Generator, n: int, apart: float) -> tuple[np.ndarray, np.ndarray]:
    """Labels, and the exact probabilities of two normal distributions."""
    labels = rng.integers(0, 2, n)
    probability = 1 / (1 + np.exp(-apart * (rng.normal(size=n) + apart * (labels - 0.5))))
    return labels, np.stack([1 - probability, probability], 1)


@pytest.mark.parametrize(("errors", "ends"), [(3, (0.97538, 0.99711)), (1, (0.98417, 0.99950))])
def test_accuracy_has_the_interval_of_wilson(errors, ends):
    score = scores(with_errors(np.zeros(354, int), np.arange(errors), 2), ["accuracy"])["accuracy"]
    assert (round(score["low"], 5), round(score["high"], 5)) == ends


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("smallest", [2, 30])
@pytest.mark.parametrize("k", [2, 10])
def test_every_error_lowers_the_low_end_and_none_is_certain(k, smallest, seed):
    """Errors of classes in any order, one of which has few images or only two."""
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.zeros(smallest, int), np.repeat(np.arange(1, k), 320 // k)])
    order = 1 + rng.permutation(len(labels) - 1)[:12]
    order[rng.integers(5)] = 0  # an error in the smallest class
    of_counts = [scores(with_errors(labels, order[:errors], k), OF_CLASSES, seed) for errors in range(12)]
    for name in OF_CLASSES:
        lows, highs = ([score[name][end] for score in of_counts] for end in ("low", "high"))
        assert (np.diff(lows) < 0).all(), (name, lows)
        assert highs[0] == 1 and max(highs[1:]) < 1


def test_the_low_end_is_rarely_above_the_truth():
    """Computed exactly: a low end is too high with a chance of at most 3 % (nominal 2.5), whatever the truth."""
    lows = np.array([intervals.wilson(correct, 354, 0.95)[0] for correct in range(355)])
    truths = np.linspace(0.95, 0.997, 471)
    assert max(binom.pmf(np.arange(355), 354, p)[lows > p].sum() for p in truths) <= 0.03


def test_balanced_accuracy_of_unequal_recalls_is_covered():
    """300 test sets whose class counts vary; 0.95 less three standard errors is 0.912."""
    rng, recalls = np.random.default_rng(1), np.array([0.99, 0.60])
    covered = 0
    for seed in range(300):
        labels = rng.integers(0, 2, 354)
        wrong = np.flatnonzero(rng.random(354) >= recalls[labels])
        score = scores(with_errors(labels, wrong, 2), ["balanced_accuracy"], seed, 100)["balanced_accuracy"]
        covered += score["low"] <= recalls.mean() <= score["high"]
    assert covered / 300 >= 0.912


def test_no_mean_of_classes_speaks_of_more_images_than_there_are():
    labels = np.repeat([0, 1], 50)
    predictions = with_errors(labels, np.arange(50), 2)  # one class all wrong, so nothing varies
    wilson = intervals.wilson(50, 100, 0.95)
    score = scores(predictions, ["balanced_accuracy"])["balanced_accuracy"]
    assert (score["low"], score["high"]) == pytest.approx(wilson)


@pytest.mark.parametrize("errors", [0, 4, 5])
def test_a_log_loss_has_an_interval_once_five_errors_were_seen(errors):
    labels = np.repeat([0, 1], 50)
    probabilities = np.where(np.eye(2)[labels] == 1, 0.9, 0.1)
    probabilities[:errors] = probabilities[:errors, ::-1]
    score = scores(from_probabilities(labels, probabilities), ["log_loss"])["log_loss"]
    assert (score["low"] is not None) == (errors >= metric_intervals.LEAST_WITH_ERRORS)
    assert errors < 5 or 0 < score["low"] < score["value"] < score["high"]


def test_errors_in_one_cluster_are_one_error():
    labels, clusters = np.zeros(100, int), np.r_[np.zeros(10, int), np.arange(1, 91)]
    probabilities = np.tile([0.9, 0.1], (100, 1))
    probabilities[:10] = [0.1, 0.9]
    predictions = from_probabilities(labels, probabilities, Design(clusters, given=False))
    assert scores(predictions, ["log_loss"])["log_loss"]["low"] is None


def share_explained_by_chance(sharpness: float) -> float:
    """Of 100 test sets of 354 images, accuracy 0.75; at a `sharpness` of 1 the model is calibrated."""
    rng, explained = np.random.default_rng(1), []
    for _ in range(100):
        labels, p = calibrated(rng, 354, 1.35)
        sharper = p**sharpness / (p**sharpness).sum(1, keepdims=True)
        score = scores(from_probabilities(labels, sharper), ["ece", "ece_by_chance"])
        explained.append(score["ece"]["value"] - score["ece_by_chance"]["high"] <= 0.005)
    return np.mean(explained)


def test_chance_explains_the_ece_of_a_calibrated_model_and_not_that_of_an_overconfident_one():
    """Nominal 97.5 %, with a standard error of 1.6."""
    assert share_explained_by_chance(1) >= 0.9
    assert share_explained_by_chance(2) <= 0.1


def test_a_metric_without_an_interval_says_why():
    without = (metric_intervals.NONE, metric_intervals.LOG_LOSS)
    for metric in [*METRICS.values(), *CLASS_METRICS.values()]:
        assert bool(metric.why_no_interval) == (metric.interval in without), metric.label
