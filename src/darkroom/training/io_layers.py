"""Both ends of every network: raw uint8 pixels in, probabilities out.

Scaling and centring are layers, so a saved model needs no preparation but decoding.
"""

from collections.abc import Mapping
from typing import Any

import keras
from keras import layers, ops

from darkroom.runtime.errors import ParamsError


def pixels(shape: tuple[int, int, int]) -> keras.KerasTensor:
    """The input of every network: uint8 `(b, s, s, c)`."""
    return keras.Input(shape, dtype="uint8", name="pixels")


def scaled(x: keras.KerasTensor, spec: Mapping[str, Any]) -> keras.KerasTensor:
    """float `(b, s, s, c)`, normalised as `spec["normalise"]` says; `unit` where it says nothing.

    unit: to 0..1; center: the mean of each channel subtracted, then as unit; standardise: mean 0 and deviation 1.
    `spec["mean"]` and `spec["deviation"]`, a number per channel in 0..255, come from the training images alone.
    """
    kind = spec.get("normalise", "unit")
    if kind == "unit":
        return layers.Rescaling(1 / 255, name="unit")(x)
    deviation = spec["deviation"] if kind == "standardise" else [255.0] * len(spec["mean"])
    deviation = [max(d, 1.0) for d in deviation]  # the noise of a constant channel is not amplified
    scale = [1 / d for d in deviation]
    offset = [-m / d for m, d in zip(spec["mean"], deviation, strict=True)]
    return layers.Rescaling(scale, offset, name=kind)(x)


def probabilities(x: keras.KerasTensor, classes: int, output: str = "softmax") -> keras.KerasTensor:
    """float32 `(b, k)` whatever the precision of `x`, so that rows sum to 1.

    `sigmoid` is one unit for the probability of the second class; the first class gets the rest. Raises
    ParamsError (exit 2) when there are more than two classes.
    """
    if output == "softmax":
        return layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)
    if classes != 2:
        what = f"one sigmoid unit separates two classes, there are {classes}"
        raise ParamsError("E_OUTPUT", what, where="params.yaml: model.output", fix="set it to softmax")
    second = layers.Dense(1, activation="sigmoid", dtype="float32", name="sigmoid")(x)
    first = layers.Rescaling(-1.0, 1.0, dtype="float32", name="rest")(second)
    return layers.Concatenate(dtype="float32", name="probabilities")([first, second])


def with_test_time_flip(network: keras.Model) -> keras.Model:
    """A model of the same weights that averages the probabilities for an image and for its mirror image.

    Krizhevsky et al. (2012, section 4.1) do so with five crops of each.
    """
    mirrored = network(ops.flip(network.input, axis=2))
    mean = layers.Average(dtype="float32", name="mean_probabilities")([network.output, mirrored])
    return keras.Model(network.input, mean, name=network.name)
