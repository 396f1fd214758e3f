"""The trainings behind a repetition."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from darkroom import packed_data
from darkroom.networks import tuned
from darkroom.packed_data import Split
from darkroom.refit import recipes
from darkroom.refit.config import RefitConfig, RefitPaths
from darkroom.refit.recipes import Recipe
from darkroom.repeat import draws
from darkroom.repeats_file import Training
from darkroom.runtime import progress
from darkroom.training import checkpoint
from darkroom.training.session import Session, TrainingData
from darkroom.workers import engine


@dataclass(frozen=True)
class Sources:
    """What the trainings of a process read."""

    data: TrainingData
    test: Split
    config: RefitConfig
    paths: RefitPaths
    made: dict[str, Recipe] = field(default_factory=dict)

    def recipe(self, name: str) -> Recipe:
        """That of a model, made once."""
        if name not in self.made:
            self.made[name] = recipes.of_model(name, self.data, self.config, self.paths)
        return self.made[name]


def repeat(
    planned: Sequence[Training], config: RefitConfig, paths: RefitPaths, code: Sequence[str]
) -> dict[Training, np.ndarray]:
    """See `repetition.repeat`."""
    parts = tuned.hyperparameters(paths.best), *config.values
    state = checkpoint.resume_dir(paths.cache / "repeat", paths.packed, *parts, code=code)
    trained = engine.each(partial(_train, state=state), partial(read, config, paths), planned)
    predicted = dict(zip(planned, progress.each(trained, len(planned), "training again"), strict=True))
    engine.forget(state)
    checkpoint.clear(state)
    return predicted


def read(config: RefitConfig, paths: RefitPaths) -> Sources:
    packed = packed_data.read(paths.packed)
    return Sources(TrainingData(packed.split("train"), packed.split("val")), packed.split("test"), config, paths)


def _train(sources: Sources, training: Training, *, state: Path) -> np.ndarray:
    session = Session(training.seed, state / str(training), quiet=True)
    return train_on_draw(sources.recipe(training.model), sources.data.train, sources.test, session)


def train_on_draw(recipe: Recipe, train: Split, test: Split, session: Session) -> np.ndarray:
    """Train on a draw of the training images that follows from the seed; return the classes int64 `(n,)` on test."""
    rows = draws.resample(train.labels, train.clusters, session.seed)
    return recipe.train(rows, session).probabilities(test.images).argmax(1)
