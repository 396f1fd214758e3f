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
class Knobs:
    """One combination of what `params.Head` lists."""

    dropout: float
    units: int
    weight_decay: float


def combinations(head: Head) -> list[Knobs]:
    return [Knobs(*values) for values in product(head.dropout, head.units, head.weight_decay)]


def build(features: int, classes: int, knobs: Knobs) -> keras.Model:
    """float `(b, features)` to float32 `(b, classes)`, rows that sum to 1."""
    x = inputs = keras.Input((features,), name="features")
    for units in [knobs.units] if knobs.units else []:
        x = layers.Dense(units, activation="relu")(layers.Dropout(knobs.dropout)(x))
    x = layers.Dropout(knobs.dropout)(x)
    return keras.Model(inputs, io_layers.probabilities(x, classes), name="head")


def search(
    train: Split, val: Split, *, tried: Head, how: Fit, down: Optimization, seed: int, state: Path
) -> tuple[keras.Model, Knobs, list[fit.Row]]:
    """The head with the lowest validation loss, its combination, and a row an epoch of its training.

    `images` of `train` and `val` are features float32 `(n, d)`. Goes on from `state`. Raises TrainingError (exit 7)
    when a loss is no longer finite.
    """
    found = []
    for knobs in combinations(tried):
        keras.utils.set_random_seed(seed)
        head = build(train.images.shape[1], len(train.classes), knobs)
        slope = Optimization.model_validate({**down.model_dump(), "weight_decay": knobs.weight_decay})
        waiting = state / files.fingerprint(repr(knobs))
        common = {"augmented": None, "seed": seed, "state": waiting, "watch": lambda *_: None, "verbose": 0}
        found.append((head, knobs, fit.fit(head, train, val, how=how, down=slope, **common)))
    return min(found, key=lambda one: fit.kept(one[2], how)["val_loss"])


def joined(extractor: keras.Model, head: keras.Model) -> keras.Model:
    """One network of both, uint8 `(b, s, s, c)` to float32 `(b, k)`, that shares their weights."""
    x = extractor.output
    for layer in head.layers[1:]:
        x = layer(x)
    return keras.Model(extractor.input, x, name=extractor.name)
