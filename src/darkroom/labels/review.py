"""Examine every label, each by a model that was not trained on its image, and judge how far the outcome can be trusted.

Training images are examined by cross-validation; validation and test images by a model of all training images, with the
thresholds of the training images, so that no label of a test image decides about another label.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from darkroom.label_review import LabelIssue, LabelReview
from darkroom.labels import confident_learning, methods, opinion, quality
from darkroom.labels.config import LabelData, LabelsConfig, LabelsPaths
from darkroom.labels.method import Method
from darkroom.labels.opinion import Opinion
from darkroom.packed_data import Split

MIN_CLUSTERS = 100  # of training images
DIGITS = 6


def review(data: LabelData, config: LabelsConfig, paths: LabelsPaths, code: Sequence[str]) -> LabelReview:
    """List the label issues of all images, if the best method at hand is good enough for such a list.

    `code` are the folders of the library that a training of folds depends on. Raises TrainingError (exit 7) when a
    loss is no longer finite, and ArtifactError (exit 4) when a model or a file of weights is damaged.
    """
    if reason := _why_unexamined(data["train"], config.labels.method):
        return LabelReview([], quality.unexamined(config.labels, reason))
    with methods.of_config(data, config, paths, code) as candidates:
        return judge(candidates, data, config)


def judge(candidates: Sequence[Method], data: LabelData, config: LabelsConfig) -> LabelReview:
    """Examine the labels with the candidate whose out-of-sample log loss is the lowest."""
    labels = np.asarray(data["train"].labels)
    opinions = [opinion.of(method, labels) for method in candidates]
    best = min(opinions, key=lambda asked: asked.log_loss)
    measured = quality.measure(best, opinions, config.labels, config.refit.seed)
    return LabelReview([] if measured["reason"] else issues(best, data), measured)


def issues(best: Opinion, data: LabelData) -> list[LabelIssue]:
    """List the images whose label is questioned, the least probable label first."""
    reached = confident_learning.thresholds(best.labels, best.probabilities)
    by_split = {"train": best.probabilities, "val": best.method.of_split("val"), "test": best.method.of_split("test")}
    found = [row for name, p in by_split.items() for row in _issues(best.method.name, name, data[name], p, reached)]
    return sorted(found, key=lambda row: (row["p_label"], -row["p_suggested"]))


def summary(review: LabelReview) -> str:
    """The outcome in one line."""
    if reason := review.quality["reason"]:
        return f"no list of label issues: {reason}"
    return f"{len(review.issues)} labels are worth a second look, according to {review.quality['model']}"


def _issues(
    model: str, name: str, split: Split, probabilities: np.ndarray, reached: np.ndarray
) -> Iterator[LabelIssue]:
    """Those of one split, in the order of its images."""
    labels = np.asarray(split.labels)
    suggested = confident_learning.suggestions(labels, probabilities, reached)
    for row in np.flatnonzero(suggested != labels):
        yield LabelIssue(
            path=split.paths[row],
            split=name,
            label=split.classes[labels[row]],
            suggested=split.classes[suggested[row]],
            p_label=round(float(probabilities[row, labels[row]]), DIGITS),
            p_suggested=round(float(probabilities[row, suggested[row]]), DIGITS),
            model=model,
        )


def _why_unexamined(train: Split, method: str) -> str | None:
    if method == "none":
        return "labels.method is none"
    if len(train.classes) < 2:
        return "there is only one class"
    if (clusters := len(np.unique(train.clusters))) < MIN_CLUSTERS:
        return f"{clusters} independent training images are too few to flip labels and see how many are found again"
    return None
