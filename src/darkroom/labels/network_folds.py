"""The tuned network, trained once per fold.

The price: as many trainings as folds, and again as many for each time that labels are flipped on purpose.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from darkroom.labels import folds
from darkroom.labels.config import LabelData
from darkroom.networks import tuned
from darkroom.refit import recipes
from darkroom.refit.config import RefitConfig, RefitPaths
from darkroom.refit.recipes import Recipe
from darkroom.runtime import files
from darkroom.training import checkpoint
from darkroom.training.session import Session, TrainingData


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
        recipe = self._recipe(labels)

        def predict(others: np.ndarray, rows: np.ndarray) -> np.ndarray:
            part = self.session.within(files.fingerprint(labels.tolist(), others.tolist()))
            return recipe.train(others, part).probabilities_of_training(rows)

        return folds.cross_validate(labels, len(self.data["train"].classes), self.fold, predict)

    def of_split(self, name: str) -> np.ndarray:
        labels = np.asarray(self.data["train"].labels)
        trained = self._recipe(labels).train(np.arange(len(labels)), self.session.within("all"))
        return trained.probabilities(self.data[name].images)

    def _recipe(self, labels: np.ndarray) -> Recipe:
        """The tuned network's, with `labels` int64 `(n,)` for the training images."""
        data = TrainingData(replace(self.data["train"], labels=labels), self.data["val"])
        return recipes.of_model(self.name, data, self.config, self.paths)


@contextmanager
def ready(
    data: LabelData, fold: np.ndarray, config: RefitConfig, paths: RefitPaths, code: Sequence[str]
) -> Iterator[NetworkFolds]:
    """Give the method; its state is removed if the block succeeds, and resumed from if it did not."""
    parts = tuned.hyperparameters(paths.best), *config.values, files.fingerprint(fold.tolist())
    state = checkpoint.resume_dir(paths.cache / "labels", paths.packed, *parts, code=code)
    yield NetworkFolds(data, fold, config, paths, Session(config.seed, state, quiet=True))
    checkpoint.clear(state)
