"""The recipes behind the models of a run. Each trains on rows of the training split, as often as it is asked to.

The validation images are those of the run: they choose the epoch, and of several heads the best.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import keras
import numpy as np

from darkroom.networks import recipe, tuned
from darkroom.packed_data import Split
from darkroom.params import Augment, Fit, Model
from darkroom.refit.config import RefitConfig, RefitPaths
from darkroom.training import device
from darkroom.training.session import Session, TrainingData
from darkroom.transfer_learning import head_training, transfer, weights
from darkroom.transfer_learning.config import TransferConfig
from darkroom.transfer_learning.features import FeatureCache
from darkroom.transfer_learning.weights import Base


@dataclass(frozen=True)
class Refitted:
    """A network that was trained again, `inputs`, which makes what it takes from images, and the same of `train`."""

    network: keras.Model
    inputs: Callable[[np.ndarray], np.ndarray]
    train: np.ndarray

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """float32 `(m, k)` of images uint8 `(m, s, s, c)`."""
        return self.network.predict(self.inputs(images), verbose=0)

    def probabilities_of_training(self, rows: np.ndarray) -> np.ndarray:
        """float32 `(m, k)` of `rows` int64 `(m,)` of the training split, unchanged: no features are computed anew."""
        return self.network.predict(np.asarray(self.train[rows]), verbose=0)


class Recipe(Protocol):
    @property
    def name(self) -> str:
        """The name of the model folder."""

    def train(self, rows: np.ndarray, session: Session) -> Refitted:
        """Train on `rows` int64 `(m,)` of the training split; a row that is listed twice counts twice.

        Every random draw follows from `session.seed`. Resumes from `session.state`, a folder for this recipe, these
        rows and this seed alone. Raises TrainingError (exit 7) when a loss is no longer finite.
        """

    def lengthened(self, factor: float) -> "Recipe":
        """The same recipe with `factor` times as many epochs, and as much patience."""


@dataclass(frozen=True)
class TunedNetwork:
    """The network of best.json, from random weights."""

    data: TrainingData
    hparams: Model
    fit: Fit
    augment: Augment
    name: str = tuned.NAME

    def train(self, rows: np.ndarray, session: Session) -> Refitted:
        data = TrainingData(take(self.data.train, rows), self.data.val)
        trained = recipe.train_network(self.hparams, data, self.fit, self.augment, session)
        return Refitted(trained.network, np.asarray, self.data.train.images)

    def lengthened(self, factor: float) -> "TunedNetwork":
        return replace(self, fit=_lengthened(self.fit, factor))


@dataclass(frozen=True)
class FrozenBackbone:
    """The best head on features, those of `features.train` followed by those of each augmented copy.

    A copy is changed as in the run whatever the seed: new copies would cost a pass through the backbone.
    """

    name: str
    features: TrainingData
    cached: FeatureCache
    config: TransferConfig
    digest: str  # of the weights

    def train(self, rows: np.ndarray, session: Session) -> Refitted:
        device.compute_in(self.config.fit.precision, depthwise=True)  # another recipe may have set its own
        n = len(self.features.train.labels) // (1 + self.config.copies)
        with_copies = np.concatenate([rows + i * n for i in range(1 + self.config.copies)])
        data = TrainingData(take(self.features.train, with_copies), self.features.val)
        config = self.config
        head = head_training.search(data, config.head, config.fit, config.optimization, session.within(self.digest))
        return Refitted(head.network, self.cached.read, self.features.train.images)

    def lengthened(self, factor: float) -> "FrozenBackbone":
        return replace(self, config=self.config._replace(fit=_lengthened(self.config.fit, factor)))


@dataclass(frozen=True)
class WholeBackbone:
    """A backbone whose own weights are trained: from random ones, drawn anew from each seed, or fine-tuned.

    The price of the latter: features are computed again for each training, because they differ with rows and seed.
    """

    name: str
    data: TrainingData
    augment: Augment
    config: TransferConfig
    folder: Path  # of weights

    def train(self, rows: np.ndarray, session: Session) -> Refitted:
        base = transfer.load_base(self.name, self.config, self.folder, seed=session.seed)
        data = TrainingData(take(self.data.train, rows), self.data.val)
        part = session.within(weights.digest(base.network))
        trained = transfer.train(base, data, self.config, part, self.augment, part.state / "features")
        return Refitted(trained.network, np.asarray, self.data.train.images)

    def lengthened(self, factor: float) -> "WholeBackbone":
        return replace(self, config=self.config._replace(fit=_lengthened(self.config.fit, factor)))


def of_model(name: str, data: TrainingData, config: RefitConfig, paths: RefitPaths) -> Recipe:
    """The recipe of the model folder `name`. Features that `.cache` lacks are computed.

    Raises ArtifactError (exit 4) when best.json or a file of weights is damaged, and as `transfer.load_base` does.
    """
    if name == tuned.NAME:
        return TunedNetwork(data, tuned.hyperparameters(paths.best), config.train, config.augment)
    base = transfer.load_base(name, config.transfer, paths.weights, seed=config.seed)
    if base.source is None or config.transfer.fine_tune.layers:
        return WholeBackbone(name, data, config.augment, config.transfer, paths.weights)
    cached = transfer.feature_cache(base, data.train.images.shape[1:], paths.cache / "features" / name)
    return on_frozen(base, cached, data, config)


def on_frozen(base: Base, cached: FeatureCache, data: TrainingData, config: RefitConfig) -> FrozenBackbone:
    """The recipe of a head on `base`, with the features of `data` that `cached` has or computes."""
    copies = config.transfer.copies
    train = transfer.with_copies(cached, data.train, config.augment, seed=config.seed, copies=copies)
    features = TrainingData(train, transfer.without_copies(cached, data.val))
    return FrozenBackbone(base.choice.name, features, cached, config.transfer, weights.digest(base.network))


def take(split: Split, rows: np.ndarray) -> Split:
    """The `rows` int64 `(m,)` of `split`, in memory."""
    return replace(
        split,
        images=np.asarray(split.images[rows]),
        labels=np.asarray(split.labels)[rows],
        paths=tuple(split.paths[row] for row in rows),
        clusters=split.clusters[rows],
    )


def _lengthened(config: Fit, factor: float) -> Fit:
    epochs, patience = (math.ceil(count * factor) for count in (config.epochs, config.patience))
    return config.model_copy(update={"epochs": epochs, "patience": patience})
