"""The head of a backbone: a small network from features to classes, the best of a few.

Features are computed once, so a head trains in seconds and every combination of `params.Head` is tried.
"""

from dataclasses import dataclass
from itertools import product
from pathlib import Path

import keras
from keras import layers

from darkroom.packed_data import Split
from darkroom.params import Fit, Head, Optimization
from darkroom.runtime import files
from darkroom.training import fit, io_layers


@dataclass(frozen=True)
class Hyperparameters:
    """One combination of what `params.Head` lists."""

    dropout: float
    units: int
    weight_decay: float


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
    train: Split, val: Split, *, tried: Head, config: Fit, optimization: Optimization, seed: int, state: Path
) -> tuple[keras.Model, Hyperparameters, list[fit.Row]]:
    """The head with the lowest validation loss, its combination, and a row an epoch of its training.

    `images` of `train` and `val` are features float32 `(n, d)`. Goes on from `state`. Raises TrainingError (exit 7)
    when a loss is no longer finite.
    """
    found = []
    for hparams in combinations(tried):
        keras.utils.set_random_seed(seed)
        head = build(train.images.shape[1], len(train.classes), hparams)
        slope = Optimization.model_validate({**optimization.model_dump(), "weight_decay": hparams.weight_decay})
        waiting = state / files.fingerprint(repr(hparams))
        common = {"augmented": None, "seed": seed, "state": waiting, "on_epoch": lambda *_: None, "verbose": 0}
        found.append((head, hparams, fit.fit(head, train, val, config=config, optimization=slope, **common)))
    return min(found, key=lambda one: fit.kept(one[2], config)["val_loss"])


def joined(extractor: keras.Model, head: keras.Model) -> keras.Model:
    """One network of both, uint8 `(b, s, s, c)` to float32 `(b, k)`, that shares their weights."""
    x = extractor.output
    for layer in head.layers[1:]:
        x = layer(x)
    return keras.Model(extractor.input, x, name=extractor.name)
