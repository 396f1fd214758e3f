"""The networks that are trained from random weights, by name. Each takes raw uint8 images and gives probabilities."""

from collections.abc import Callable, Mapping
from typing import Any

import keras

from darkroom.networks import classics, tunable
from darkroom.params import Model
from darkroom.runtime.errors import ParamsError
from darkroom.training import device, io_layers

_CLASSICS = {architecture.__name__: architecture for architecture in classics.MIN_SIZE}


def names() -> list[str]:
    return ["tunable", *_CLASSICS]


def build(hparams: Model, *, shape: tuple[int, int, int], classes: int, spec: Mapping[str, Any]) -> keras.Model:
    """Build the network `hparams.architecture`: uint8 `(b, s, s, c)` to float32 `(b, k)`, rows that sum to 1.

    `spec` is that of the packed images. Only `tunable` reads the other hyperparameters. Raises ParamsError (exit 2)
    when the images are too small for it.
    """
    name, size = hparams.architecture, shape[0]
    pixels = io_layers.pixels(shape)
    x = io_layers.scaled(pixels, spec)
    try:
        x = tunable.tunable(x, hparams) if name == "tunable" else _classic(name, size)(x)
    except ValueError as fault:  # Keras computed a negative number of pixels
        raise _too_small(name, size, "fewer blocks, a smaller kernel or larger images") from fault
    return keras.Model(pixels, io_layers.probabilities(x, classes, hparams.output), name=name)


def finished(network: keras.Model, hparams: Model) -> keras.Model:
    """Return what is evaluated and saved of a trained `network`: in float32, with `test_time_flip` if asked for."""
    network = device.in_float32(network)  # before it is in the graph twice, which a copy would make two networks
    return io_layers.with_test_time_flip(network) if hparams.test_time_flip else network


def _classic(name: str, size: int) -> Callable[[keras.KerasTensor], keras.KerasTensor]:
    architecture = _CLASSICS[name]
    if size < classics.MIN_SIZE[architecture]:
        raise _too_small(name, size, f"set it to {classics.MIN_SIZE[architecture]} or more")
    return architecture


def _too_small(name: str, size: int, fix: str) -> ParamsError:
    what = f"{name} leaves nothing of images of {size} pixels"
    return ParamsError("E_ARCHITECTURE", what, where="params.yaml: preprocess.image_size", fix=fix)
