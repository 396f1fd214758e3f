"""What the report is made of: the files that other stages wrote, and selections from them.

Nothing is computed here but counts, the intervals of the learning curve, whose file holds counts, and how much the
search flatters its best trial.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from darkroom import evaluation_folder, label_review, verdict
from darkroom.evaluation_folder import Calibration, Cost, ModelEvaluation, Row, Scores, Slice
from darkroom.label_review import LabelIssue, LabelReview
from darkroom.metrics import metric_table, significance
from darkroom.metrics.design import TestSet
from darkroom.metrics.intervals import Score
from darkroom.metrics.metric_table import Show
from darkroom.metrics.significance import Comparison
from darkroom.report import curve_verdict, search_bias
from darkroom.report.curve_verdict import Point
from darkroom.report.records import Best, CurvePoint, Registration
from darkroom.runtime import files
from darkroom.verdict import Expectation, Verdict

MAX_SHOWN = 12  # errors, and as many label issues
MAX_CHAMPIONS = 5  # rows of the history of champions


class Sources(NamedTuple):
    """Where the files lie that the report is made of."""

    validation: Path
    trials: Path
    best: Path
    evaluation: Path  # a folder
    metrics: Path
    cost: Path
    learning_curve: Path
    label_issues: Path
    label_quality: Path
    comparison: Path
    registration: Path
    champions: Path


class RunInfo(NamedTuple):
    """What the report says about its own run."""

    dataset: str
    seed: int
    data: str  # digest of the packed images


class Error(NamedTuple):
    """A test image that a model classified wrongly."""

    row: int  # of the predictions
    path: str
    label: str
    predicted: str
    probability: float  # of the predicted class


@dataclass(frozen=True)
class ReportContext:
    """The contents of the files, and the selections that the templates show."""

    run: RunInfo
    validation: Verdict
    trials: Sequence[Mapping[str, str]]
    best: Best
    evaluations: Mapping[str, ModelEvaluation]  # by model
    metrics: Mapping[str, Scores]  # by model
    cost: Sequence[Cost]
    learning_curve: Sequence[CurvePoint]
    labels: LabelReview
    comparison: Comparison
    registration: Registration
    champions: Sequence[Mapping[str, str]]  # champions.csv, the oldest first
    test_set: TestSet

    @property
    def leader(self) -> str:
        """The model that stands for this run: the best one on the validation images."""
        return self.comparison["best"]

    @property
    def leading(self) -> ModelEvaluation:
        """The evaluation of the leader."""
        return self.evaluations[self.leader]

    @property
    def ranked(self) -> list[str]:
        """The models from best to worst. Every mapping by model below has this order."""
        return [row["model"] for row in self.comparison["ranking"]]

    @property
    def facts(self) -> dict[str, Mapping[str, Any]]:
        return {name: self.evaluations[name].facts for name in self.ranked}

    @property
    def calibration(self) -> dict[str, Calibration]:
        return {name: self.evaluations[name].calibration for name in self.ranked}

    @property
    def costs(self) -> dict[str, Cost]:
        by_model = {row["model"]: row for row in self.cost}
        return {name: by_model[name] for name in self.ranked}

    @property
    def headlines(self) -> dict[str, Score]:
        """The scores of the leader that the summary shows, the metric of the comparison first."""
        scores = self.metrics[self.leader]
        names = dict.fromkeys([self.comparison["metric"], *metric_table.shown(Show.HEADLINE)])
        return {name: scores[name] for name in names if name in scores}

    @property
    def table_metrics(self) -> list[str]:
        """The columns of the table of models, with the metric of the comparison among them."""
        names = dict.fromkeys([*metric_table.shown(Show.TABLE), self.comparison["metric"]])
        return [name for name in names if name in self.metrics[self.leader]]

    @property
    def significance_level(self) -> float:
        return 1 - self.comparison["confidence"]

    def significant_slices(self, model: str) -> list[Slice]:
        """Return the slices in which the model's accuracy differs significantly, the least accurate first."""
        slices = self.evaluations[model].slices
        significant = [row for row in slices if row["p_corrected"] < self.significance_level]
        return sorted(significant, key=lambda row: row["value"] or 0)

    def weakest_classes(self, model: str) -> list[Row]:
        """Return the rows of the three classes with the lowest F1."""
        measured = [row for row in self.evaluations[model].per_class if row["f1"] is not None]
        return sorted(measured, key=lambda row: row["f1"])[:3]

    @property
    def shown_label_issues(self) -> Sequence[LabelIssue]:
        return self.labels.issues[:MAX_SHOWN]

    @property
    def label_issues_by_split(self) -> dict[str, int]:
        """How many images of train, val and test have a label issue."""
        counts = Counter(issue["split"] for issue in self.labels.issues)
        return {split: counts[split] for split in ("train", "val", "test")}

    @property
    def shown_paths(self) -> set[str]:
        """The paths of all images that the page shows."""
        explanation = self.leading.explanation
        explained = [*explanation["mistakes"], *explanation["correct"]]
        shown = [self.leading.predictions[row]["path"] for row in explained]
        shown += [error.path for error in self.most_confident_errors]
        return {*shown, *(issue["path"] for issue in self.shown_label_issues)}

    @cached_property
    def learning_curves(self) -> dict[str, list[Point]]:
        """The learning curve of each model, the one trained from scratch first; empty if none was requested."""
        curves = curve_verdict.by_model(self.learning_curve, self.comparison["confidence"])
        return dict(sorted(curves.items(), key=lambda item: self.facts[item[0]]["pretrained"] is not None))

    @property
    def random_backbones(self) -> list[str]:
        """Transfer models whose backbone has random weights."""
        return [name for name, facts in self.facts.items() if facts["pretrained"] is False]

    @property
    def already_champion(self) -> bool:
        """Whether the candidate is the same model version as the champion."""
        champion = self.registration["champion"]
        if champion is None or champion["version"] is None or self.registration["promoted"]:
            return False
        return champion["version"] == self.registration["version"]

    def is_champion(self, model: str) -> bool:
        """Whether the model of this run is the champion, and not only one of the same name."""
        champion = self.registration["champion"]
        is_candidate = champion is not None and champion["version"] == self.registration["version"]
        return is_candidate and model == self.registration["candidate"]

    @property
    def last_champions(self) -> Sequence[Mapping[str, str]]:
        """The rows of champions.csv that the page shows, the newest first."""
        return self.champions[: -MAX_CHAMPIONS - 1 : -1]

    @property
    def failed_expectations(self) -> list[Expectation]:
        """Expectations that failed. `validate` stops at a failed error, so these are warnings."""
        return [expectation for expectation in self.validation["expectations"] if not expectation["success"]]

    @property
    def split_sizes(self) -> dict[str, int]:
        """Images in train, val and test."""
        sizes: Counter[str] = Counter()
        for counts in self.validation["counts"].values():
            sizes.update(counts)
        return dict(sizes)

    @property
    def hparams(self) -> list[str]:
        """The columns of trials.csv that are hyperparameters."""
        columns: Iterable[str] = self.trials[0] if self.trials else ()
        return [column for column in columns if column in self.best["values"]]

    @property
    def search_bias(self) -> float:
        """By how much the validation accuracy of the best of equally good trials is too high; 0 without a search."""
        finished = sum(row["val_loss"] != "" for row in self.trials)
        images = self.split_sizes["val"]
        return search_bias.largest(self.best["val_accuracy"], images, finished) if finished else 0.0

    @property
    def tuned(self) -> list[str]:
        """The hyperparameters of which the search tried more than one value."""
        return [hparam for hparam in self.hparams if len({row[hparam] for row in self.trials}) > 1]

    @cached_property
    def classes(self) -> list[str]:
        columns = self.leading.predictions[0]
        return [column.removeprefix("p_") for column in columns if column.startswith("p_")]

    @cached_property
    def confusion_matrix(self) -> np.ndarray:
        """The leader's counts on the test images, int64 `(k, k)`: rows are the true class, columns the predicted."""
        counts = Counter((row["label"], row["predicted"]) for row in self.leading.predictions)
        return np.array([[counts[label, predicted] for predicted in self.classes] for label in self.classes])

    @cached_property
    def errors(self) -> list[Error]:
        """The leader's errors on the test images, the most confident first."""
        wrong = [row for row in self.leading.predictions if row["label"] != row["predicted"]]
        errors = [
            Error(row["row"], row["path"], row["label"], row["predicted"], row[f"p_{row['predicted']}"])
            for row in wrong
        ]
        return sorted(errors, key=lambda error: (-error.probability, error.row))

    @property
    def most_confident_errors(self) -> list[Error]:
        """The errors that the page shows."""
        return self.errors[:MAX_SHOWN]


def read(sources: Sources, run: RunInfo) -> ReportContext:
    """Raises ArtifactError (exit 4) when a file is missing or damaged."""
    return ReportContext(
        run=run,
        validation=verdict.read(sources.validation),
        trials=files.read_rows(sources.trials),
        best=files.read_json(sources.best),
        evaluations=evaluation_folder.read(sources.evaluation),
        metrics=files.read_json(sources.metrics),
        cost=files.read_json(sources.cost),
        learning_curve=files.read_json(sources.learning_curve),
        labels=label_review.read(sources.label_issues, sources.label_quality),
        comparison=significance.read(sources.comparison),
        registration=files.read_json(sources.registration),
        champions=files.read_rows(sources.champions),
        test_set=evaluation_folder.read_test_set(sources.evaluation),
    )
