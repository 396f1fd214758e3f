"""Every metric that is computed: its name, its label, its function and what the report shows of it.

This table is the one place that a new metric must be entered in, beside its function: the order and the names in
metrics.json and per_class/, the names in MLflow, and the labels, order and choice of the report all follow.
"""

from collections.abc import Callable
from enum import IntEnum
from math import inf
from typing import NamedTuple

import numpy as np

from darkroom.metrics import classification, error_weights, metric_intervals, probability, roc
from darkroom.metrics.classification import macro, weighted
from darkroom.metrics.metric_intervals import Interval, of_mean, of_shares
from darkroom.metrics.sample import Sample


class Show(IntEnum):
    """Where the report shows a metric; each includes the ones before it."""

    FILES = 0  # metrics.json, the model cards and MLflow
    TABLE = 1  # the table of models
    HEADLINE = 2  # the large numbers at the top


class Metric(NamedTuple):
    """One metric. Its values lie between `lowest` and `highest`."""

    label: str
    function: Callable[[Sample], np.ndarray]  # to (b,); by class (k, b)
    interval: Interval = metric_intervals.PERCENTILES
    show: Show = Show.FILES
    higher_is_better: bool = True
    lowest: float = 0.0
    highest: float = 1.0
    least_classes: int = 2  # with fewer it says nothing and is left out
    why_no_interval: str = ""  # where it has none


BIASED = "it is biased in small test sets"
FEW_ERRORS = f"fewer than {metric_intervals.LEAST_WITH_ERRORS} errors were seen, and those not seen decide"
C, P, W = classification, probability, error_weights
METRICS = {
    "accuracy": Metric("Accuracy", C.accuracy, of_shares(W.correct), Show.HEADLINE),
    "balanced_accuracy": Metric("Balanced accuracy", macro(C.recall), of_mean(W.classes)),
    "precision_macro": Metric("Precision macro", macro(C.precision), of_mean(W.classes)),
    "recall_macro": Metric("Recall macro", macro(C.recall), of_mean(W.classes)),
    "f1_macro": Metric("F1 macro", macro(C.f1), of_mean(W.classes), Show.HEADLINE),
    "precision_weighted": Metric("Precision weighted", weighted(C.precision), of_mean(W.any_image_at_most_all)),
    "recall_weighted": Metric("Recall weighted", weighted(C.recall), of_shares(W.correct)),
    "f1_weighted": Metric("F1 weighted", weighted(C.f1), of_mean(W.any_image_at_most_all)),
    "roc_auc": Metric("ROC AUC", roc.mean_roc_auc, of_mean(W.areas), Show.TABLE),
    "average_precision": Metric(
        "Average precision", roc.mean_average_precision, metric_intervals.NONE, why_no_interval=BIASED
    ),
    "log_loss": Metric(
        "Log loss", P.log_loss, metric_intervals.LOG_LOSS, Show.HEADLINE, higher_is_better=False, highest=inf,
        why_no_interval=FEW_ERRORS,
    ),
    "brier": Metric("Brier", P.brier, of_mean(W.any_image, P.worst_brier), higher_is_better=False, highest=2.0),
    "top_3_accuracy": Metric("Top 3 accuracy", P.top_3_accuracy, of_shares(W.in_top_3), least_classes=4),
    "top_5_accuracy": Metric("Top 5 accuracy", P.top_5_accuracy, of_shares(W.in_top_5), least_classes=6),
    "ece": Metric(
        "ECE", P.ece, metric_intervals.NONE, Show.TABLE, higher_is_better=False,
        why_no_interval="a perfectly calibrated model shows some by chance",
    ),
    "ece_by_chance": Metric(
        "ECE by chance", P.ece_by_chance, metric_intervals.CHANCE, higher_is_better=False
    ),
}  # fmt: skip
CLASS_METRICS = {  # of each class
    "precision": Metric("Precision", C.precision, of_shares(W.correct_by_prediction), Show.TABLE),
    "recall": Metric("Recall", C.recall, of_shares(W.correct_by_label), Show.TABLE),
    "f1": Metric("F1", C.f1, of_mean(W.f1_of_class), Show.TABLE),
    "roc_auc": Metric("ROC AUC", roc.roc_auc, of_mean(W.area_of_class), Show.TABLE),
    "average_precision": Metric(
        "Average precision", roc.average_precision, metric_intervals.NONE, why_no_interval=BIASED
    ),
}


def label(name: str) -> str:
    """Return the label of a metric by its name, `roc_auc` -> ROC AUC; other names with spaces and a capital."""
    words = name.replace("_", " ")
    metric = METRICS.get(name) or CLASS_METRICS.get(name)
    return metric.label if metric else words[:1].upper() + words[1:]


def shown(show: Show) -> list[str]:
    """Return the names of the metrics that the report shows there, in order."""
    return [name for name, metric in METRICS.items() if metric.show >= show]


def shown_by_class() -> list[str]:
    """Return the names of the metrics that the report's table of classes has, in order."""
    return [name for name, metric in CLASS_METRICS.items() if metric.show >= Show.TABLE]
