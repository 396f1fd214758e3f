"""evaluate.threshold: from which probability on an image counts as positive."""

import numpy as np
import pytest
from sklearn import metrics as theirs

from darkroom.evaluate import threshold
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.metrics.sample import Predictions, from_probabilities

BOOTSTRAP = Bootstrap(resamples=200, confidence=0.95, seed=1)


def simulate(n: int, seed: int = 0, fraction: float = 0.3) -> Predictions:
    rng = np.random.default_rng(seed)
    labels = (rng.random(n) < fraction).astype(int)
    score = 1 / (1 + np.exp(-(rng.normal(size=n) + 2 * labels - 2)))
    return from_probabilities(labels, np.stack([1 - score, score], 1))


@pytest.mark.parametrize("criterion", ["youden", "f1"])
@pytest.mark.parametrize("seed", range(5))
def test_no_other_threshold_is_better_on_the_images_it_was_chosen_on(criterion, seed):
    val = simulate(150, seed)
    positive, scores = val.labels == 1, val.probabilities[:, 1]

    def value(limit):
        predicted = scores >= limit
        if criterion == "f1":
            return theirs.f1_score(positive, predicted)
        return predicted[positive].mean() - predicted[~positive].mean()

    chosen = threshold.choose(positive, scores, criterion)
    assert value(chosen) == pytest.approx(max(value(limit) for limit in scores), abs=1e-12)


def test_the_threshold_between_separable_classes_is_half_way():
    assert threshold.choose(np.array([False, True]), np.array([0.2, 0.9]), "youden") == pytest.approx(0.55)


def test_the_threshold_of_a_single_class_is_one_half():
    assert threshold.choose(np.ones(3, bool), np.array([0.2, 0.3, 0.9]), "f1") == 0.5


def test_scores_on_test_are_those_of_scikit_learn():
    test = simulate(400, 9)
    result = threshold.evaluate(simulate(200), test, ("cat", "dog"), "youden", BOOTSTRAP)
    assert (result["positive"], result["criterion"]) == ("dog", "youden")
    labels, predicted = test.labels, test.probabilities[:, 1] >= result["threshold"]
    wanted = {
        "accuracy": theirs.accuracy_score(labels, predicted),
        "recall": theirs.recall_score(labels, predicted),
        "specificity": theirs.recall_score(labels, predicted, pos_label=0),
        "precision": theirs.precision_score(labels, predicted),
        "f1": theirs.f1_score(labels, predicted),
    }
    assert {name: score["value"] for name, score in result["chosen"].items()} == pytest.approx(wanted, abs=1e-12)
    assert result["chosen"]["recall"]["value"] > result["half"]["recall"]["value"]
    for score in result["chosen"].values():
        assert score["low"] <= score["value"] <= score["high"]
