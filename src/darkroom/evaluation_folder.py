"""What is known of each evaluated model, as one folder: reports/evaluation/.

`evaluate` writes it and `report` reads it, with the same type. Two results lie beside the folder: reports/metrics.json
(`Scores` by model), because DVC compares it between commits, and reports/cost.json (rows of `Cost`), because times
differ from run to run and so are kept out of git.
Each subfolder is an out of its own in dvc.yaml, so that DVC plots it as it should be.

    details/test_set.json      `TestSet`: how many images and clusters, and who chose them
    details/validation.json    `ValidationScores` by model
    details/models.json        the facts of its training (run.json), by model
    details/calibration.json   `Calibration` by model
    details/thresholds.json    `Threshold` by model; null where there are not exactly two classes
    details/slices.json        rows of `Slice` by model
    details/explanations.json  `Explanation` by model
    history/MODEL.csv          one row per epoch
    per_class/MODEL.csv        one row per class
    predictions/MODEL.csv      one row per test image
    roc_curves/MODEL.csv       rows of `RocPoint`; no file where no curve can be drawn
    figures/MODEL/             SVG
    explanations/MODEL/        PNG
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypedDict, cast

from darkroom.metrics import design
from darkroom.metrics.design import TestSet
from darkroom.metrics.intervals import Score
from darkroom.metrics.roc import RocPoint
from darkroom.runtime import files
from darkroom.saving.model_folder import HistoryRow, RunFacts

PREDICTIONS = "predictions"
DETAILS = "details"
TEST_SET = "test_set.json"
VALIDATION = "validation.json"
TABLES = "history", "per_class", PREDICTIONS, "roc_curves"  # a CSV file per model
TEXT = {"path", "label", "predicted"}  # columns of text; all others hold numbers

Scores = dict[str, Score]  # by the name of the metric
Row = dict[str, Any]  # a row of a table whose columns depend on the classes or the metrics


class ValidationScores(TypedDict):
    """How good a model is on the validation images, by which the models of a run are chosen."""

    log_loss: float


class Bin(TypedDict):
    """The images whose largest probability lies in one bin; `value` is the fraction of correct predictions."""

    bin_low: float
    bin_high: float
    n: int
    confidence: float | None  # the mean of the largest probabilities; None in an empty bin
    value: float | None
    low: float | None
    high: float | None


TemperatureFit = Literal["fitted", "end of range", "too few errors"]
Effect = Literal["helps", "harms", "not distinguishable"]


class Calibration(TypedDict):
    """log_loss, brier and ece on the test images, before and after temperature scaling, and the reliability bins.

    With too few errors no temperature is fitted: it is 1, has no interval, and nothing changes.
    """

    temperature: Score  # the interval is that of the choice of validation images
    fit: TemperatureFit
    errors: int  # on the validation images; those of one cluster count once
    before: Scores
    after: Scores
    change: Score  # of the log loss by the scaling, on the same bootstrap samples
    effect: Effect
    bins: list[Bin]
    bins_after: list[Bin]


class Threshold(TypedDict):
    """The decision threshold of the positive class, chosen on the validation images, and its scores on test."""

    positive: str
    criterion: str
    threshold: float
    chosen: Scores
    half: Scores  # at a threshold of 0.5


class Slice(TypedDict):
    """The accuracy on the test images that share a property."""

    property: str
    slice: str
    n: int
    value: float | None
    low: float | None
    high: float | None
    small: bool  # too few images to conclude anything
    p: float  # Fisher's exact test against all other images, see `metrics.subset_test`
    p_corrected: float  # by Holm, for the number of slices


class FeatureMaps(TypedDict):
    layer: str
    shape: list[int]  # h, w, maps


class Explanation(TypedDict):
    """Which test images explain the model, by their row in `predictions`, and what its images show."""

    mistakes: list[int]  # the most confident ones
    correct: list[int]  # typical ones, each of another class
    heatmaps: bool  # whether there is an image heatmap-ROW for each of these rows
    filters: list[int] | None  # f, h, w, c of the kernels in the image `filters`; None without a convolution
    feature_maps: list[FeatureMaps]  # one per line of the image `feature_maps`
    feature_maps_row: int | None  # the test image that they belong to


class Cost(TypedDict):
    """What one prediction costs on the machine that evaluated the model."""

    model: str
    latency_ms: Score  # of one image: the median and the middle 90 %
    throughput: int  # images a second, in batches
    batch: int  # images
    machine: str
    system: str
    cores: int | None
    bytes: int  # of the model file
    multiply_adds: int  # for one image


@dataclass(frozen=True)
class ModelEvaluation:
    """Everything that the folder holds on one model.

    `history`: epoch, loss, accuracy, val_loss, val_accuracy. `per_class`: label, support, and each metric by class with
    METRIC_low and METRIC_high. `predictions`: row (of the packed test images), path, cluster, label, predicted, and
    p_CLASS for each class.
    """

    facts: RunFacts
    validation: ValidationScores
    history: Sequence[HistoryRow]
    per_class: Sequence[Row]
    predictions: Sequence[Row]
    roc_curves: Sequence[RocPoint]
    calibration: Calibration
    threshold: Threshold | None
    slices: Sequence[Slice]
    explanation: Explanation
    figures: Mapping[str, str]  # SVG: confusion, history, roc_curves, reliability
    images: Mapping[str, bytes]  # PNG: augmented, filters, feature_maps, heatmap-ROW, those that there are


def write(folder: Path, evaluations: Mapping[str, ModelEvaluation], test_set: TestSet) -> None:
    """Write the folder, these files and no others; `evaluations` by the name of the model."""
    with files.replacing(folder) as partial:
        details = partial / DETAILS
        files.write_json(details / TEST_SET, test_set)
        files.write_json(details / VALIDATION, {name: e.validation for name, e in evaluations.items()})
        files.write_json(details / "models.json", {name: e.facts for name, e in evaluations.items()})
        files.write_json(details / "calibration.json", {name: e.calibration for name, e in evaluations.items()})
        files.write_json(details / "thresholds.json", {name: e.threshold for name, e in evaluations.items()})
        files.write_json(details / "slices.json", {name: e.slices for name, e in evaluations.items()})
        files.write_json(details / "explanations.json", {name: e.explanation for name, e in evaluations.items()})
        for table in TABLES:
            tables = {name: getattr(e, table) for name, e in evaluations.items()}
            files.write_tables(partial / table, {name: rows for name, rows in tables.items() if rows})
        for name, e in evaluations.items():
            files.write_files(partial / "figures" / name, {f"{kind}.svg": svg for kind, svg in e.figures.items()})
            files.write_files(partial / "explanations" / name, {f"{kind}.png": png for kind, png in e.images.items()})


def read(folder: Path) -> dict[str, ModelEvaluation]:
    """What `write` wrote, models in the same order. Raises ArtifactError (exit 4) on a file that is missing."""
    details = folder / DETAILS
    models, validation = (files.read_object(details / name) for name in ("models.json", VALIDATION))
    documents = ("calibration", "thresholds", "slices", "explanations")
    calibration, thresholds, slices, explanations = (files.read_object(details / f"{name}.json") for name in documents)
    tables = {table: files.read_tables(folder / table) for table in TABLES}
    return {
        name: ModelEvaluation(
            facts=facts,
            validation=validation[name],
            history=cast(list[HistoryRow], parse(tables["history"][name])),
            per_class=parse(tables["per_class"][name]),
            predictions=parse(tables[PREDICTIONS][name]),
            roc_curves=cast(list[RocPoint], parse(tables["roc_curves"].get(name, []))),
            calibration=calibration[name],
            threshold=thresholds[name],
            slices=slices[name],
            explanation=explanations[name],
            figures={kind: svg.decode() for kind, svg in _by_stem(folder / "figures" / name).items()},
            images=_by_stem(folder / "explanations" / name),
        )
        for name, facts in models.items()
    }


def read_test_set(folder: Path) -> TestSet:
    """How the test images were drawn. Raises ArtifactError (exit 4) when the file is missing."""
    return design.read_test_set(folder / DETAILS / TEST_SET)


def _by_stem(folder: Path) -> dict[str, bytes]:
    """Empty where the folder is missing: git keeps no empty folder."""
    return {Path(name).stem: content for name, content in files.read_files(folder).items()} if folder.exists() else {}


def parse(rows: Iterable[Mapping[str, str]]) -> list[Row]:
    """Turn the cells of a CSV file into numbers, but for the columns TEXT."""
    return [{column: cell if column in TEXT else _number(cell) for column, cell in row.items()} for row in rows]


def _number(cell: str) -> int | float | None:
    """A whole number as int, an empty cell as None."""
    if cell == "":
        return None
    return int(cell) if cell.removeprefix("-").isdecimal() else float(cell)
