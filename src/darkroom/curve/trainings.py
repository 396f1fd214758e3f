"""The trainings behind a learning curve."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from darkroom import packed_data
from darkroom.curve import points
from darkroom.curve.points import CurveConfig, CurvePaths, Measured, Point
from darkroom.networks import tuned
from darkroom.packed_data import Split
from darkroom.refit import recipes
from darkroom.refit.recipes import FrozenBackbone, Recipe
from darkroom.runtime import progress
from darkroom.saving import model_folder
from darkroom.training import checkpoint
from darkroom.training.session import Session, TrainingData

REPEATED_BELOW = 0.5  # of the training images: small fractions vary most and cost least


def measure(config: CurveConfig, paths: CurvePaths, code: Sequence[str]) -> list[Point]:
    """All points, those of the tuned network first. See `learning_curve.measure`."""
    packed = packed_data.read(paths.refit.packed)
    data, test = TrainingData(packed.split("train"), packed.split("val")), packed.split("test")
    parts = tuned.hyperparameters(paths.refit.best), *config.refit.values
    state = checkpoint.resume_dir(paths.refit.cache / "curve", paths.refit.packed, *parts, code=code)
    session = Session(config.refit.seed, state)
    measured = [
        one for recipe in _recipes(config, paths, data) for one in curve(recipe, data.train, test, config, session)
    ]
    checkpoint.clear(state)
    return points.points(measured, test.clusters)


def best_backbone(models: Path, names: Sequence[str]) -> str | None:
    """Of the model folders `names` in `models`, the pretrained one with the highest validation accuracy."""
    accuracies = {}
    for name in names:
        facts, rows = model_folder.read_facts(models / name), model_folder.read_history(models / name)
        if facts["pretrained"]:
            accuracies[name] = rows[facts["best_epoch"] - 1]["val_accuracy"]
    return max(accuracies, key=accuracies.__getitem__, default=None)


def subset(labels: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Rows int64, ascending, of a `fraction` of each class of int64 `(n,)`, rounded up; a subset of larger ones'."""
    order = np.random.default_rng(seed).permutation(len(labels))
    classes = [order[labels[order] == label] for label in np.unique(labels)]
    return np.sort(np.concatenate([rows[: math.ceil(fraction * len(rows))] for rows in classes]))


def curve(recipe: Recipe, train: Split, test: Split, config: CurveConfig, session: Session) -> Iterator[Measured]:
    """Train one recipe on each fraction, and note which test images each training gets right."""
    fractions = sorted(config.fractions)
    for fraction in progress.each(fractions, len(fractions), f"training {recipe.name} on fractions"):
        times = config.repeats if fraction < REPEATED_BELOW else 1
        subsets = [subset(train.labels, fraction, session.seed + i) for i in range(times)]
        longer = recipe.lengthened(1 / math.sqrt(fraction))
        part = session.within(recipe.name).within(f"{fraction:g}")
        correct = [_train(longer, rows, test, _numbered(part, i)) for i, rows in enumerate(subsets)]
        yield Measured(recipe.name, fraction, len(subsets[0]), np.array(correct))


def _train(recipe: Recipe, rows: np.ndarray, test: Split, session: Session) -> np.ndarray:
    """Which of the test images a training on `rows` gets right, bool `(n,)`."""
    return recipe.train(rows, session).probabilities(test.images).argmax(1) == np.asarray(test.labels)


def _numbered(session: Session, i: int) -> Session:
    """The session of training `i` of a fraction, the first with the seed of the run."""
    return replace(session.within(str(i)), seed=session.seed + i)


def _recipes(config: CurveConfig, paths: CurvePaths, data: TrainingData) -> Iterator[Recipe]:
    """That of the tuned network and that of the best pretrained backbone, without fine-tuning."""
    frozen = config.refit.transfer._replace(fine_tune=config.refit.transfer.fine_tune.model_copy(update={"layers": 0}))
    refit = replace(config.refit, transfer=frozen)
    yield recipes.of_model(tuned.NAME, data, refit, paths.refit)
    if name := best_backbone(paths.models, config.backbones):
        recipe = recipes.of_model(name, data, refit, paths.refit)
        if isinstance(recipe, FrozenBackbone):  # transfer found the weights, but they may be gone since
            yield recipe
