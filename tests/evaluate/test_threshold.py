"""judging.threshold: where two classes part."""

import numpy as np
import pytest
from sklearn import metrics as theirs

from darkroom.evaluate import threshold

HOW = {"resamples": 200, "confidence": 0.95, "seed": 1}


def drawn(n: int, seed: int = 0, fraction: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = (rng.random(n) < fraction).astype(int)
    score = 1 / (1 + np.exp(-(rng.normal(size=n) + 2 * labels - 2)))
    return labels, np.stack([1 - score, score], 1)


@pytest.mark.parametrize("criterion", ["youden", "f1"])
@pytest.mark.parametrize("seed", range(5))
def test_no_other_threshold_is_better_on_the_images_it_was_chosen_on(criterion, seed):
    labels, probabilities = drawn(150, seed)
    positive, scores = labels == 1, probabilities[:, 1]

    def value(limit):
        said = scores >= limit
        if criterion == "f1":
            return theirs.f1_score(positive, said)
        return said[positive].mean() - said[~positive].mean()

    found = threshold.choose(positive, scores, criterion)
    assert value(found) == pytest.approx(max(value(limit) for limit in scores), abs=1e-12)


def test_classes_that_part_well_are_parted_half_way():
    assert threshold.choose(np.array([False, True]), np.array([0.2, 0.9]), "youden") == pytest.approx(0.55)


def test_one_class_alone_is_parted_at_one_half():
    assert threshold.choose(np.ones(3, bool), np.array([0.2, 0.3, 0.9]), "f1") == 0.5


def test_scores_on_test_are_those_of_scikit_learn():
    labels, probabilities = drawn(400, 9)
    found = threshold.operate(drawn(200), (labels, probabilities), ("cat", "dog"), criterion="youden", **HOW)
    assert (found["positive"], found["criterion"]) == ("dog", "youden")
    said = probabilities[:, 1] >= found["threshold"]
    wanted = {
        "accuracy": theirs.accuracy_score(labels, said),
        "recall": theirs.recall_score(labels, said),
        "specificity": theirs.recall_score(labels, said, pos_label=0),
        "precision": theirs.precision_score(labels, said),
        "f1": theirs.f1_score(labels, said),
    }
    assert {name: score["value"] for name, score in found["chosen"].items()} == pytest.approx(wanted, abs=1e-12)
    assert found["chosen"]["recall"]["value"] > found["half"]["recall"]["value"]
    for score in found["chosen"].values():
        assert score["low"] <= score["value"] <= score["high"]
