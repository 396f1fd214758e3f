"""metrics.metric_table: one entry makes a metric."""

import re
import typing
from pathlib import Path

import numpy as np
import pytest

from darkroom.metrics import metric_table, metrics
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.metrics.design import independent
from darkroom.metrics.effective_size import Shares
from darkroom.metrics.metric_intervals import of_shares
from darkroom.metrics.metric_table import CLASS_METRICS, METRICS, Metric, Show
from darkroom.metrics.sample import Predictions, Sample, from_probabilities
from darkroom.params import Compare

BOOTSTRAP = Bootstrap(resamples=100, confidence=0.95, seed=1)
K = 7
LABELS = np.arange(70) % K
RANDOM = np.random.default_rng(0).dirichlet(np.ones(K), 70)


def values(probabilities):
    scores = metrics.scores(from_probabilities(LABELS, probabilities), BOOTSTRAP).overall
    return {name: score["value"] for name, score in scores.items()}


def test_a_perfect_model_has_the_best_value_of_every_metric():
    best = {name: metric.highest if metric.higher_is_better else metric.lowest for name, metric in METRICS.items()}
    assert values(np.eye(K)[LABELS]) == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize("probabilities", [RANDOM, np.eye(K)[(LABELS + 1) % K]])
def test_every_value_is_within_its_range_and_worse_than_perfect(probabilities):
    perfect = values(np.eye(K)[LABELS])
    for name, value in values(probabilities).items():
        assert METRICS[name].lowest <= value <= METRICS[name].highest
        assert (value < perfect[name]) == METRICS[name].higher_is_better, name


def test_labels_are_those_of_the_table_and_other_names_become_words():
    assert [metric_table.label(name) for name in ("accuracy", "f1_macro", "roc_auc", "ece", "precision")] == [
        "Accuracy",
        "F1 macro",
        "ROC AUC",
        "ECE",
        "Precision",
    ]
    assert metric_table.label("any_other") == "Any other"


def test_the_headlines_are_in_the_table_of_models_too():
    assert set(metric_table.shown(Show.HEADLINE)) < set(metric_table.shown(Show.TABLE)) < set(METRICS)


def test_models_can_be_compared_by_metrics_of_predicted_classes():
    choices = typing.get_args(Compare.model_fields["metric"].annotation)
    for name in choices:
        assert METRICS[name].function(Sample(Predictions(LABELS, LABELS, K, independent(70)), np.ones((70, 1)))) == 1


def test_the_documentation_has_a_line_for_every_metric_and_for_no_other():
    text = Path("docs/evaluation.md").read_text()
    table = text[text.index("| metric |") : text.index("\n\n", text.index("| metric |"))]
    documented = re.findall(r"^\| `([a-z0-9_]+)`", table, re.M)
    assert documented == list(METRICS)


def test_a_new_metric_needs_a_function_and_an_entry(monkeypatch):
    """The recipe of docs/extending.md; the third place is the line in docs/evaluation.md (the test above)."""

    def error_rate(sample: Sample) -> np.ndarray:
        wrong = sample.predictions.predicted != sample.predictions.labels
        return wrong @ sample.weights / sample.predictions.n

    def errors(predictions: Predictions) -> Shares:
        return Shares(predictions.predicted != predictions.labels, np.zeros(predictions.n, int), 1)

    entry = Metric("Error rate", error_rate, of_shares(errors), Show.TABLE, higher_is_better=False)
    monkeypatch.setitem(METRICS, "error_rate", entry)
    scores = metrics.scores(from_probabilities(LABELS, RANDOM), BOOTSTRAP).overall
    error, accuracy = scores["error_rate"], scores["accuracy"]
    assert [error["value"], error["low"]] == pytest.approx([1 - accuracy["value"], 1 - accuracy["high"]])
    assert list(scores)[-1] == metric_table.shown(Show.TABLE)[-1] == "error_rate"
    assert metric_table.label("error_rate") == "Error rate"


def test_a_new_metric_of_each_class_needs_a_function_and_an_entry(monkeypatch):
    def support(sample: Sample) -> np.ndarray:
        return np.array([(LABELS == i) @ sample.weights for i in range(K)])

    monkeypatch.setitem(CLASS_METRICS, "images", Metric("Images", support, show=Show.TABLE, highest=np.inf))
    predictions = from_probabilities(LABELS, RANDOM)
    by_class = metrics.scores(predictions, BOOTSTRAP).by_class
    row = metrics.class_rows(tuple("abcdefg"), predictions, by_class)[0]
    assert (row["images"], row["support"], metric_table.shown_by_class()[-1]) == (10, 10, "images")
