"""The trainings behind a repetition."""

from collections.abc import Sequence

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


def repeat(
    planned: Sequence[Training], config: RefitConfig, paths: RefitPaths, code: Sequence[str]
) -> dict[Training, np.ndarray]:
    """See `repetition.repeat`."""
    packed = packed_data.read(paths.packed)
    data, test = TrainingData(packed.split("train"), packed.split("val")), packed.split("test")
    parts = tuned.hyperparameters(paths.best), *config.values
    state = checkpoint.resume_dir(paths.cache / "repeat", paths.packed, *parts, code=code)
    models = dict.fromkeys(training.model for training in planned)
    made = {name: recipes.of_model(name, data, config, paths) for name in models}
    predicted = {}
    for training in progress.each(planned, len(planned), "training again"):
        session = Session(training.seed, state / str(training), quiet=True)
        predicted[training] = train_on_draw(made[training.model], data.train, test, session)
    checkpoint.clear(state)
    return predicted


def train_on_draw(recipe: Recipe, train: Split, test: Split, session: Session) -> np.ndarray:
    """Train on a draw of the training images that follows from the seed; return the classes int64 `(n,)` on test."""
    rows = draws.resample(train.labels, train.clusters, session.seed)
    return recipe.train(rows, session).probabilities(test.images).argmax(1)
