"""Every metric that is computed: its name, its label, its function and what the report shows of it.

This table is the one place that a new metric must be entered in, beside its function: the order and the names in
metrics.json and per_class/, the names in MLflow, and the labels, order and choice of the report all follow.
"""

from collections.abc import Callable
from enum import IntEnum
from math import inf
from typing import NamedTuple

import numpy as np

from darkroom.metrics import classification, probability, roc
from darkroom.metrics.classification import macro, weighted
from darkroom.metrics.sample import Predictions, Sample


class Show(IntEnum):
    """Where the report shows a metric; each includes the ones before it."""

    FILES = 0  # metrics.json, the model cards and MLflow
    TABLE = 1  # the table of models
    HEADLINE = 2  # the large numbers at the top


class Metric(NamedTuple):
    """One metric. Its values lie between `lowest` and `highest`."""

    label: str
    function: Callable[[Sample], np.ndarray]  # to (b,); by class (k, b)
    show: Show = Show.FILES
    higher_is_better: bool = True
    lowest: float = 0.0
    highest: float = 1.0
    images: Callable[[Predictions], np.ndarray] | None = None  # of how many images it is a fraction, () or (k,)
    least_classes: int = 2  # with fewer it says nothing and is left out


def all_images(predictions: Predictions) -> np.ndarray:
    return np.array(predictions.n)


C, P = classification, probability
METRICS = {
    "accuracy": Metric("Accuracy", C.accuracy, Show.HEADLINE, images=all_images),
    "balanced_accuracy": Metric("Balanced accuracy", macro(C.recall), images=all_images),
    "precision_macro": Metric("Precision macro", macro(C.precision), images=all_images),
    "recall_macro": Metric("Recall macro", macro(C.recall), images=all_images),
    "f1_macro": Metric("F1 macro", macro(C.f1), Show.HEADLINE, images=all_images),
    "precision_weighted": Metric("Precision weighted", weighted(C.precision), images=all_images),
    "recall_weighted": Metric("Recall weighted", weighted(C.recall), images=all_images),
    "f1_weighted": Metric("F1 weighted", weighted(C.f1), images=all_images),
    "roc_auc": Metric("ROC AUC", roc.mean_roc_auc, Show.TABLE),
    "average_precision": Metric("Average precision", roc.mean_average_precision),
    "log_loss": Metric("Log loss", P.log_loss, Show.HEADLINE, higher_is_better=False, highest=inf),
    "brier": Metric("Brier", P.brier, higher_is_better=False, highest=2.0),
    "top_3_accuracy": Metric("Top 3 accuracy", P.top_3_accuracy, images=all_images, least_classes=4),
    "top_5_accuracy": Metric("Top 5 accuracy", P.top_5_accuracy, images=all_images, least_classes=6),
    "ece": Metric("ECE", P.ece, Show.TABLE, higher_is_better=False),
}
CLASS_METRICS = {  # of each class
    "precision": Metric("Precision", C.precision, Show.TABLE, images=C.predicted_count),
    "recall": Metric("Recall", C.recall, Show.TABLE, images=C.support),
    "f1": Metric("F1", C.f1, Show.TABLE),
    "roc_auc": Metric("ROC AUC", roc.roc_auc, Show.TABLE),
    "average_precision": Metric("Average precision", roc.average_precision),
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
