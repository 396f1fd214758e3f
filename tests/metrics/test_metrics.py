"""metrics.metrics: the values are scikit-learn's, and the intervals mean what they say."""

import numpy as np
import pytest
from sklearn import metrics as theirs

from darkroom.metrics import bootstrap, classification, metrics, probability
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.metrics.design import independent
from darkroom.metrics.metric_table import CLASS_METRICS, METRICS
from darkroom.metrics.sample import Predictions, Sample, from_probabilities

WITHOUT = ("average_precision", "ece")  # an interval: they are biased
BOOTSTRAP = Bootstrap(resamples=200, confidence=0.95, seed=1)


def overall(labels, probabilities, bootstrap=BOOTSTRAP):
    return metrics.scores(from_probabilities(labels, probabilities), bootstrap).overall


def class_rows(labels, probabilities, classes):
    predictions = from_probabilities(labels, probabilities)
    return metrics.class_rows(classes, predictions, metrics.scores(predictions, BOOTSTRAP).by_class)


def simulate(n: int, k: int, skill: float = 0.7, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels with every class among them, and probabilities that lean to the label."""
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(k), rng.integers(0, k, n - k)])
    probabilities = rng.dirichlet(np.ones(k), n)
    leaning = np.where(rng.random((n, 1)) < skill, np.eye(k)[labels], probabilities)
    return labels, 0.6 * leaning + 0.4 * probabilities


def ece(labels, probabilities):
    """As in Guo et al. (2017), image by image."""
    sure, right = probabilities.max(1), probabilities.argmax(1) == labels
    total = 0.0
    for i in range(15):
        inside = (sure > i / 15) & (sure <= (i + 1) / 15)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - sure[inside].mean())
    return total


@pytest.mark.parametrize("k", [2, 3, 10])
@pytest.mark.parametrize("seed", range(3))
def test_every_value_is_that_of_scikit_learn(k, seed):
    labels, probabilities = simulate(97, k, seed=seed)
    predicted, one_hot = probabilities.argmax(1), np.eye(k)[labels]
    wanted = {
        "accuracy": theirs.accuracy_score(labels, predicted),
        "balanced_accuracy": theirs.balanced_accuracy_score(labels, predicted),
        "roc_auc": theirs.roc_auc_score(one_hot, probabilities, average="macro"),
        "average_precision": theirs.average_precision_score(one_hot, probabilities, average="macro"),
        "log_loss": theirs.log_loss(labels, probabilities),
        "brier": theirs.brier_score_loss(labels, probabilities if k > 2 else probabilities[:, 1]),
        "ece": ece(labels, probabilities),
    }
    for mean in ("macro", "weighted"):
        numbers = theirs.precision_recall_fscore_support(labels, predicted, average=mean, zero_division=0)[:3]
        wanted |= {f"{name}_{mean}": n for name, n in zip(("precision", "recall", "f1"), numbers, strict=True)}
    wanted |= {f"top_{top}_accuracy": theirs.top_k_accuracy_score(labels, probabilities, k=top, labels=range(k))
               for top in (3, 5) if top < k}  # fmt: skip
    scores = overall(labels, probabilities)
    assert {name: scores[name]["value"] for name in wanted} == pytest.approx(wanted, abs=1e-12)
    assert [name for name in scores if name.startswith("top_")] == [name for name in wanted if name.startswith("top_")]


def test_the_scores_of_a_class_are_those_of_scikit_learn():
    labels, probabilities = simulate(80, 4)
    predicted, one_hot = probabilities.argmax(1), np.eye(4)[labels]
    rows = class_rows(labels, probabilities, ("a", "b", "c", "d"))
    wanted = [*theirs.precision_recall_fscore_support(labels, predicted),
              theirs.roc_auc_score(one_hot, probabilities, average=None),
              theirs.average_precision_score(one_hot, probabilities, average=None)]  # fmt: skip
    names = ("precision", "recall", "f1", "support", "roc_auc", "average_precision")
    for row, numbers in zip(rows, zip(*wanted, strict=True), strict=True):
        assert [row[name] for name in names] == pytest.approx(numbers, abs=1e-12)
        for name in set(names) - {"support", "average_precision"}:
            assert row[f"{name}_low"] <= row[name] <= row[f"{name}_high"]
        assert row["average_precision_low"] is None


@pytest.mark.parametrize("k", [2, 5])
def test_equal_scores_are_one_threshold_as_in_scikit_learn(k):
    labels, probabilities = simulate(200, k)
    rough = np.round(probabilities, 1)
    for i, row in enumerate(class_rows(labels, rough, tuple("abcde"[:k]))):
        assert row["roc_auc"] == pytest.approx(theirs.roc_auc_score(labels == i, rough[:, i]), abs=1e-12)
        wanted = theirs.average_precision_score(labels == i, rough[:, i])
        assert row["average_precision"] == pytest.approx(wanted, abs=1e-12)


def test_a_bootstrap_sample_is_the_metric_of_the_images_that_were_simulate():
    labels, probabilities = simulate(60, 3)
    block = next(bootstrap.weights(labels, independent(60), Bootstrap(5, 0.95, 1)))
    sample = Sample(from_probabilities(labels, probabilities), block)
    for column, times in enumerate(block.T.astype(int)):
        rows = np.repeat(np.arange(60), times)
        alone, alone_by_class = metrics.scores(from_probabilities(labels[rows], probabilities[rows]), BOOTSTRAP)
        for name, score in alone.items():
            if name == "ece_by_chance":  # of the test set, not of a sample
                continue
            assert METRICS[name].function(sample)[column] == pytest.approx(score["value"], abs=1e-6), name
        for i, scores in enumerate(alone_by_class):
            for name, score in scores.items():
                value = CLASS_METRICS[name].function(sample)[i, column]
                assert value == pytest.approx(score["value"], abs=1e-6), name


def test_what_has_no_denominator_is_none_and_not_zero():
    never_predicted, _, missing = class_rows(np.array([0, 1, 1]), np.eye(3)[[1, 1, 1]], ("a", "b", "c"))
    assert (never_predicted["precision"], never_predicted["recall"], never_predicted["f1"]) == (None, 0, 0)
    assert never_predicted["recall_high"] == pytest.approx(0.793, abs=0.001)  # Wilson, 0 of 1
    assert {value for name, value in missing.items() if name not in ("label", "support")} == {None}


def test_a_class_that_the_test_set_lacks_changes_no_mean():
    labels, probabilities = simulate(90, 3)
    wider = np.hstack([probabilities * 0.9, np.full((90, 1), 0.1)])
    names = [name for name in overall(labels, probabilities)
            if name not in ("log_loss", "brier", "ece", "ece_by_chance", "top_3_accuracy")]  # fmt: skip
    before, after = (overall(labels, p) for p in (probabilities, wider))
    assert {n: after[n]["value"] for n in names} == pytest.approx({n: before[n]["value"] for n in names}, abs=1e-12)


def test_a_test_set_of_one_class_has_no_area_under_a_curve():
    scores = overall(np.zeros(5, int), np.tile([0.7, 0.3], (5, 1)))
    assert scores["roc_auc"] == scores["average_precision"] == {"value": None, "low": None, "high": None}
    assert scores["accuracy"]["value"] == 1


def test_confusion_has_the_labels_in_its_rows():
    assert classification.confusion(np.array([0, 0, 1]), np.array([1, 0, 1]), 3).tolist() == [
        [1, 1, 0],
        [0, 1, 0],
        [0, 0, 0],
    ]


def test_a_certain_mistake_costs_a_finite_loss():
    assert probability.log_losses(from_probabilities(np.array([0]), np.array([[0.0, 1.0]]))) == pytest.approx(
        36.04, abs=0.01
    )


def test_every_value_lies_in_its_interval():
    labels, probabilities = simulate(300, 5)
    for name, score in overall(labels, probabilities).items():
        if name in WITHOUT:
            assert score["low"] is score["high"] is None
        else:
            assert score["low"] < score["value"] < score["high"], name


def test_the_same_seed_gives_the_same_interval():
    labels, probabilities = simulate(100, 3)
    assert overall(labels, probabilities) == overall(labels, probabilities)


def test_a_model_without_a_mistake_has_an_interval():
    labels = np.repeat([0, 1], 25)
    scores = overall(labels, np.eye(2)[labels])
    for name in ("accuracy", "balanced_accuracy", "f1_macro", "f1_weighted"):
        assert (scores[name]["value"], scores[name]["high"]) == (1, 1)
        assert scores[name]["low"] == pytest.approx(0.92865, abs=1e-5)  # Wilson, 50 of 50
    assert scores["log_loss"]["low"] is None  # no errors, so nothing is known of their losses


def test_a_model_that_always_predicts_one_class_has_an_interval():
    labels = np.repeat([0, 1], 25)
    score = overall(labels, np.tile([0.9, 0.1], (50, 1)))["accuracy"]
    assert score["value"] == 0.5 and 0.36 < score["low"] < 0.37 and 0.63 < score["high"] < 0.64  # Wilson, 25 of 50


def test_a_metric_of_probabilities_refuses_predicted_classes_alone():
    labels = np.array([0, 1])
    with pytest.raises(ValueError, match="needs probabilities"):
        METRICS["log_loss"].function(Sample(Predictions(labels, labels, 2, independent(2)), np.ones((2, 1))))


def test_a_class_that_a_sample_lacks_is_left_out_of_its_means():
    labels, predicted = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 1, 0])
    weights = np.array([[1.0, 1, 1, 1, 0]]).T  # the sample lacks class 2
    lacking = Sample(Predictions(labels, predicted, 3, independent(5)), weights)
    alone = Sample(Predictions(labels[:4], predicted[:4], 3, independent(4)), np.ones((4, 1)))
    for name in ("balanced_accuracy", "f1_macro", "precision_macro", "f1_weighted"):
        assert METRICS[name].function(lacking) == pytest.approx(METRICS[name].function(alone)), name
    assert METRICS["balanced_accuracy"].function(lacking) == pytest.approx(0.75)
