"""The tuned network, trained once per fold.

The price: as many trainings as folds, and again as many for each time that labels are flipped on purpose.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from darkroom.labels import folds
from darkroom.labels.config import LabelData
from darkroom.labels.folds import Part
from darkroom.networks import tuned
from darkroom.refit import recipes
from darkroom.refit.config import RefitConfig, RefitPaths
from darkroom.refit.recipes import Recipe
from darkroom.runtime import files
from darkroom.training import checkpoint
from darkroom.training.session import Session, TrainingData
from darkroom.workers import engine


@dataclass(frozen=True)
class NetworkFolds:
    """The method `network`, see `labels.method`. Resumes from `session.state`."""

    data: LabelData
    fold: np.ndarray  # int64 (n,), of train
    config: RefitConfig
    paths: RefitPaths
    session: Session
    name: str = tuned.NAME

    def out_of_sample(self, labels: np.ndarray) -> np.ndarray:
        read = partial(_recipe, labels, self.config, self.paths)
        judge = partial(_judge, labels=labels, session=self.session)

        def predict(parts: Sequence[Part]) -> Iterator[np.ndarray]:
            return engine.each(judge, read, parts)

        return folds.cross_validate(labels, len(self.data["train"].classes), self.fold, predict)

    def of_split(self, name: str) -> np.ndarray:
        labels = np.asarray(self.data["train"].labels)
        recipe = _recipe(labels, self.config, self.paths)
        trained = recipe.train(np.arange(len(labels)), self.session.within("all"))
        return trained.probabilities(self.data[name].images)


def _judge(recipe: Recipe, part: Part, *, labels: np.ndarray, session: Session) -> np.ndarray:
    own = session.within(files.fingerprint(labels.tolist(), part.others.tolist()))
    return recipe.train(part.others, own).probabilities_of_training(part.rows)


def _recipe(labels: np.ndarray, config: RefitConfig, paths: RefitPaths) -> Recipe:
    """The tuned network's, with `labels` int64 `(n,)` for the training images."""
    data = _data(paths.packed)
    relabelled = TrainingData(replace(data.train, labels=labels), data.val)
    return recipes.of_model(tuned.NAME, relabelled, config, paths)


@cache
def _data(packed: Path) -> TrainingData:
    return TrainingData.read(packed)


@contextmanager
def ready(
    data: LabelData, fold: np.ndarray, config: RefitConfig, paths: RefitPaths, code: Sequence[str]
) -> Iterator[NetworkFolds]:
    """Give the method; its state is removed if the block succeeds, and resumed from if it did not."""
    parts = tuned.hyperparameters(paths.best), *config.values, files.fingerprint(fold.tolist())
    state = checkpoint.resume_dir(paths.cache / "labels", paths.packed, *parts, code=code)
    yield NetworkFolds(data, fold, config, paths, Session(config.seed, state, quiet=True))
    engine.forget(state)
    checkpoint.clear(state)
