"""What the files under reports/ say, picked out for a reader. Nothing is computed here but counts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from darkroom.plots.number_format import number
from darkroom.report import curve_verdict

HEADLINES = ("accuracy", "f1_macro", "log_loss")  # the big numbers; the metric of the comparison comes first
MAIN = ("accuracy", "f1_macro", "roc_auc", "log_loss", "ece")
MISTAKES = 12  # shown, the surest first


@dataclass(frozen=True)
class Findings:
    """The contents of the files, each under its name; the folders of csv files have rows by model."""

    validation: Mapping
    trials: Sequence[Mapping[str, str]]
    best: Mapping
    curves: Mapping[str, Sequence[Mapping[str, str]]]
    metrics: Mapping[str, Mapping[str, Mapping]]
    models: Sequence[Mapping]
    per_class: Mapping[str, Sequence[Mapping[str, str]]]
    predictions: Mapping[str, Sequence[Mapping[str, str]]]
    ranking: Mapping[str, Sequence[Mapping[str, str]]]
    calibration: Sequence[Mapping]
    slices: Sequence[Mapping]
    cost: Sequence[Mapping]
    explanation: Sequence[Mapping]
    doubtful: Sequence[Mapping[str, str]]
    learning_curve: Sequence[Mapping]
    comparison: Mapping
    registration: Mapping

    @property
    def leader(self) -> str:
        return self.comparison["best"]

    @property
    def ranked(self) -> list[str]:
        return [row["model"] for row in self.comparison["ranking"]]

    @cached_property
    def facts(self) -> dict[str, Mapping]:
        """What is known of each model, from best to worst."""
        known = {each["name"]: each for each in self.models}
        return {name: known[name] for name in self.ranked}

    @property
    def headlines(self) -> dict[str, Mapping]:
        """The three numbers of the leader that come first, `{metric: {value, low, high}}`."""
        scores = self.metrics[self.leader]
        names = dict.fromkeys([self.comparison["metric"], *HEADLINES])
        return {name: scores[name] for name in names if name in scores}

    @property
    def scores(self) -> list[str]:
        """The metrics that the table of models has; MAIN first, then that of the comparison if it is another."""
        known = dict.fromkeys([*MAIN, self.comparison["metric"]])
        return [name for name in known if name in self.metrics[self.leader]]

    @property
    def calibrations(self) -> dict[str, Mapping]:
        """Of each model, from best to worst."""
        return self._ranked(self.calibration)

    @property
    def costs(self) -> dict[str, Mapping]:
        return self._ranked(self.cost)

    @property
    def explained(self) -> Mapping:
        """Of the leader."""
        return self._ranked(self.explanation)[self.leader]

    @property
    def sliced(self) -> list[Mapping]:
        """Slices of the test images, as the leader does in them."""
        return [row for row in self.slices if row["model"] == self.leader]

    @property
    def odd(self) -> list[Mapping]:
        """The slices that differ from all other images beyond chance, the worst first."""
        level = 1 - self.comparison["confidence"]
        return sorted((row for row in self.sliced if row["p_corrected"] < level), key=lambda row: row["value"])

    @property
    def doubts(self) -> Sequence[Mapping]:
        """The most doubtful labels, as many as are shown."""
        return self.doubtful[:MISTAKES]

    @property
    def shown(self) -> set[str]:
        """The paths of all images that the page shows."""
        paths = [row["path"] for row in self.predictions[self.leader]]
        explained = [paths[row] for kind in ("mistakes", "hits") for row in self.explained[kind]]
        return {*explained, *(row["path"] for row in [*self.surest, *self.doubts])}

    def prediction(self, row: int) -> Mapping[str, str]:
        """What the leader said of the test image in that row."""
        return self.predictions[self.leader][row]

    def _ranked(self, rows: Sequence[Mapping]) -> dict[str, Mapping]:
        known = {row["model"]: row for row in rows}
        return {name: known[name] for name in self.ranked}

    @cached_property
    def learned(self) -> dict[str, list[Mapping]]:
        """The learning curve of each model, that from random weights first; empty where none was asked for."""
        found = curve_verdict.by_model(self.learning_curve, self.comparison["confidence"])
        return dict(sorted(found.items(), key=lambda item: self.facts[item[0]]["pretrained"] is not None))

    @property
    def untrained(self) -> list[str]:
        """Transfer models whose backbone has random weights."""
        return [name for name, facts in self.facts.items() if facts["pretrained"] is False]

    @property
    def reigns_already(self) -> bool:
        """Whether the candidate is the very model that was champion before: a version is a model file."""
        champion = self.registration["champion"]
        same = bool(champion) and champion["version"] == self.registration["version"]
        return same and champion["version"] is not None and not self.registration["promoted"]

    @property
    def unmet(self) -> list[Mapping]:
        """As validate lets no error through, these are warnings: something for a person to look at."""
        return [each for each in self.validation["expectations"] if not each["success"]]

    @property
    def sides(self) -> dict[str, int]:
        """Images in train, val and test."""
        total: Counter[str] = Counter()
        for counts in self.validation["counts"].values():
            total.update(counts)
        return dict(total)

    @property
    def hparams(self) -> list[str]:
        """The columns of trials.csv that are hyperparameters."""
        return [column for column in (self.trials[0] if self.trials else ()) if column in self.best["values"]]

    @property
    def turned(self) -> list[str]:
        """The hyperparameters of which the search tried more than one value."""
        return [hparam for hparam in self.hparams if len({row[hparam] for row in self.trials}) > 1]

    @cached_property
    def classes(self) -> list[str]:
        columns = self.predictions[self.leader][0]
        return [column.removeprefix("p_") for column in columns if column.startswith("p_")]

    @cached_property
    def matrix(self) -> list[list[int]]:
        """Of the leader: `(k, k)` counts, rows the truth, columns the prediction."""
        seen = Counter((row["label"], row["predicted"]) for row in self.predictions[self.leader])
        return [[seen[truth, said] for said in self.classes] for truth in self.classes]

    @cached_property
    def mistakes(self) -> list[dict]:
        """Of the leader, the surest first: row, path, label, predicted and its probability."""
        wrong = [row for row in self.predictions[self.leader] if row["label"] != row["predicted"]]
        told = [{**row, "row": int(row["row"]), "probability": number(row[f"p_{row['predicted']}"])} for row in wrong]
        return sorted(told, key=lambda row: (-row["probability"], row["row"]))

    @property
    def surest(self) -> list[dict]:
        """The mistakes that are worth a look."""
        return self.mistakes[:MISTAKES]
