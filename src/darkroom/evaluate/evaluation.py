"""Evaluate trained models: everything that is known of each, from its predictions for validation and test images."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from darkroom import packed_data
from darkroom.evaluate import calibration, explanation_images, pictures, slices, threshold, timing
from darkroom.evaluation_folder import Cost, ModelEvaluation, Scores, Slice
from darkroom.inference import inference
from darkroom.metrics import classification, design, metrics, predictions, probability, roc
from darkroom.metrics.bootstrap import Bootstrap
from darkroom.metrics.sample import Predictions, from_probabilities
from darkroom.packed_data import Split
from darkroom.plots import figures
from darkroom.runtime import files, progress
from darkroom.saving import model_folder
from darkroom.saving.model_folder import HistoryRow, RunFacts
from darkroom.workers import engine

if TYPE_CHECKING:
    import keras


class EvaluationData(NamedTuple):
    val: Split
    test: Split
    manifest: Mapping[str, Mapping[str, str]]  # the rows of the manifest by path


@dataclass(frozen=True)
class Settings:
    bootstrap: Bootstrap
    criterion: str  # of the threshold: youden or f1


class TrainedModel(NamedTuple):
    """A model folder that was loaded."""

    name: str
    network: "keras.Model"
    facts: RunFacts
    history: list[HistoryRow]
    size: int  # of the model file, in bytes
    augmented: bytes | None  # PNG of training images and their random changes


class Result(NamedTuple):
    """What is known of one model."""

    evaluation: ModelEvaluation
    scores: Scores
    cost: Cost
    pictures: dict[str, bytes]  # PNG by name, to compare models side by side


@cache
def read(packed: Path, manifest: Path) -> EvaluationData:
    """Raises ArtifactError (exit 4) when the packed data are damaged."""
    data = packed_data.read(packed)
    rows = {row["path"]: row for row in files.read_rows(manifest)}
    return EvaluationData(data.split("val"), data.split("test"), rows)


def evaluate_all(
    folders: Mapping[str, Path], read: Callable[[], EvaluationData], settings: Settings
) -> dict[str, Result]:
    """Evaluate the model in each folder, by name. A process that does so calls `read` once."""
    results = engine.each(partial(_evaluate, settings=settings), read, folders.items())
    return dict(zip(folders, progress.each(results, len(folders), "evaluating models"), strict=True))


def _evaluate(data: EvaluationData, model: tuple[str, Path], *, settings: Settings) -> Result:
    return evaluate(load(*model), data, settings)


def summary(result: Result) -> str:
    """The accuracy on the test images in words."""
    accuracy = result.scores["accuracy"]
    return f"test accuracy {accuracy['value']:.4f} ({accuracy['low']:.4f} to {accuracy['high']:.4f})"


def load(name: str, folder: Path) -> TrainedModel:
    """Load a model folder. Raises ArtifactError (exit 4) when it is incomplete or damaged."""
    network, _ = inference.load(folder)
    facts, history = model_folder.read_facts(folder), model_folder.read_history(folder)
    augmented = folder / "augmented.png"
    size = (folder / model_folder.MODEL).stat().st_size
    return TrainedModel(name, network, facts, history, size, augmented.read_bytes() if augmented.exists() else None)


def evaluate(model: TrainedModel, data: EvaluationData, settings: Settings) -> Result:
    """Evaluate one model on the test images; temperature and threshold are chosen on the validation images."""
    ask = partial(inference.probabilities, model.network)
    val, test = _predictions(data.val, "val", ask), _predictions(data.test, "test", ask)
    classes, bootstrap = data.test.classes, settings.bootstrap
    scores, by_class = metrics.scores(test, bootstrap)
    explanation, images = explanation_images.draw(model.network, data.test.images, test)
    evaluation = ModelEvaluation(
        facts=model.facts,
        validation={"log_loss": float(probability.log_losses(val).mean())},
        history=model.history,
        per_class=metrics.class_rows(classes, test, by_class),
        predictions=predictions.rows(classes, data.test.paths, test),
        roc_curves=roc.curves(test.labels, test.probabilities, classes),
        calibration=calibration.calibrate(val, test, bootstrap),
        threshold=threshold.evaluate(val, test, classes, settings.criterion, bootstrap),
        slices=_slices(data, test, bootstrap.confidence),
        explanation=explanation,
        figures={},
        images=images if model.augmented is None else images | {"augmented": model.augmented},
    )
    confusion = classification.confusion(test.labels, test.predicted, test.k)
    cost = timing.measure(model.name, ask, data.test.images, model.size, model.facts["multiply_adds"])
    shown = pictures.Shown(data.test.images, test, classes, confusion)
    evaluation = replace(evaluation, figures=_figures(evaluation, confusion, classes))
    return Result(evaluation, scores, cost, pictures.draw(shown, explanation, images, model.history))


def _predictions(split: Split, name: str, ask: Callable[[np.ndarray], np.ndarray]) -> Predictions:
    return from_probabilities(np.asarray(split.labels), ask(split.images), design.of_split(split, name))


def _slices(data: EvaluationData, test: Predictions, confidence: float) -> list[Slice]:
    rows = [data.manifest.get(path, {}) for path in data.test.paths]
    return slices.by_property(rows, test.predicted == test.labels, test.design, confidence=confidence)


def _figures(evaluation: ModelEvaluation, confusion: np.ndarray, classes: tuple[str, ...]) -> dict[str, str]:
    areas = {row["label"]: row["roc_auc"] for row in evaluation.per_class}
    bins, bins_after = evaluation.calibration["bins"], evaluation.calibration["bins_after"]
    return {
        "confusion": figures.confusion(confusion, classes),
        "history": figures.training_curves(evaluation.history),
        "roc_curves": figures.roc_and_precision_recall(evaluation.roc_curves, areas),
        "reliability": figures.reliability(bins, bins_after),
    }
