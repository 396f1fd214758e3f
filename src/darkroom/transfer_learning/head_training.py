"""The head of a backbone: a small network from features to classes, the best of a few.

Features are computed once, so a head trains in seconds and every combination of `params.Head` is tried.
"""

from dataclasses import dataclass
from itertools import product

import keras
from keras import layers

from darkroom.params import Fit, Head, Optimization
from darkroom.runtime import files
from darkroom.training import checkpoint, fit, io_layers
from darkroom.training.fit import TrainedModel
from darkroom.training.session import Session, TrainingData


@dataclass(frozen=True)
class Hyperparameters:
    """One combination of what `params.Head` lists."""

    dropout: float
    units: int
    weight_decay: float


@dataclass(frozen=True)
class TrainedHead(TrainedModel):
    hparams: Hyperparameters


def combinations(head: Head) -> list[Hyperparameters]:
    return [Hyperparameters(*values) for values in product(head.dropout, head.units, head.weight_decay)]


def build(features: int, classes: int, hparams: Hyperparameters) -> keras.Model:
    """float `(b, features)` to float32 `(b, classes)`, rows that sum to 1."""
    x = inputs = keras.Input((features,), name="features")
    for units in [hparams.units] if hparams.units else []:
        x = layers.Dense(units, activation="relu")(layers.Dropout(hparams.dropout)(x))
    x = layers.Dropout(hparams.dropout)(x)
    return keras.Model(inputs, io_layers.probabilities(x, classes), name="head")


def search(
    data: TrainingData, candidates: Head, config: Fit, optimization: Optimization, session: Session
) -> TrainedHead:
    """Train a head with each combination of `candidates`, and return the one with the lowest validation loss.

    The images of `data` are features float32 `(n, d)`. Resumes from `session.state`; `session.on_epoch` is not called.
    Raises TrainingError (exit 7) when a loss is no longer finite.
    """
    heads = [_train(data, hparams, config, optimization, session) for hparams in combinations(candidates)]
    return min(heads, key=lambda head: head.best["val_loss"])


def joined(extractor: keras.Model, head: keras.Model) -> keras.Model:
    """One network of both, uint8 `(b, s, s, c)` to float32 `(b, k)`, that shares their weights."""
    x = extractor.output
    for layer in head.layers[1:]:
        x = layer(x)
    return keras.Model(extractor.input, x, name=extractor.name)


def _train(
    data: TrainingData, hparams: Hyperparameters, config: Fit, optimization: Optimization, session: Session
) -> TrainedHead:
    keras.utils.set_random_seed(session.seed)
    head = build(data.train.images.shape[1], len(data.train.classes), hparams)
    optimization = optimization.model_copy(update={"weight_decay": hparams.weight_decay})
    quiet = Session(session.seed, session.state / files.fingerprint(repr(hparams)), quiet=True)
    rows = fit.fit(head, data, config, optimization, quiet)
    return TrainedHead(head, rows, checkpoint.best_or_last(rows, config), hparams)
