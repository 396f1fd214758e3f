"""The networks that are trained from random weights, by name. Each eats raw uint8 and ends in probabilities."""

import keras

from darkroom.networks import classics, tunable
from darkroom.params import Model
from darkroom.runtime.errors import ParamsError
from darkroom.training import device, io_layers

_CLASSICS = {plan.__name__: plan for plan in classics.SMALLEST}


def names() -> list[str]:
    return ["tunable", *_CLASSICS]


def build(hparams: Model, *, shape: tuple[int, int, int], classes: int, spec: dict) -> keras.Model:
    """The network `hparams.architecture`: uint8 `(b, s, s, c)` to float32 `(b, k)`, rows that sum to 1.

    `spec` is that of the packed images. Only `tunable` reads the other hyperparameters. Raises ParamsError (exit 2)
    when the images are too small for it.
    """
    pixels = io_layers.pixels(shape)
    x = io_layers.scaled(pixels, spec)
    try:
        x = (
            tunable.tunable(x, hparams)
            if hparams.architecture == "tunable"
            else _classic(hparams.architecture, shape[0])(x)
        )
    except ValueError as fault:  # Keras counts pixels below zero
        raise _too_small(hparams.architecture, shape[0], "fewer blocks, a smaller kernel or larger images") from fault
    return keras.Model(pixels, io_layers.probabilities(x, classes, hparams.output), name=hparams.architecture)


def finished(network: keras.Model, hparams: Model) -> keras.Model:
    """What is judged and saved of a trained `network`, in float32; with `test_time_flip` the mean of two looks."""
    network = device.in_float32(network)  # before it stands in the graph twice, which a copy would make two
    return io_layers.flipped_too(network) if hparams.test_time_flip else network


def _classic(name: str, side: int):
    plan = _CLASSICS[name]
    if side < classics.SMALLEST[plan]:
        raise _too_small(name, side, f"set it to {classics.SMALLEST[plan]} or more")
    return plan


def _too_small(name: str, side: int, fix: str) -> ParamsError:
    what = f"{name} leaves nothing of images of {side} pixels"
    return ParamsError("E_ARCHITECTURE", what, where="params.yaml: preprocess.image_size", fix=fix)
