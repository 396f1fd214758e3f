"""Random changes of a training picture, as Keras layers compiled with the network.

They stand in front of the network while it trains and are not part of what is saved, so a saved model
never augments.
"""

import keras
import numpy as np
from keras import layers

from darkroom.learning import warp
from darkroom.params import Augment

GREY = 127.5  # of a cut-out square, the middle of the range
RANGE = (0, 255)


def network(shape: tuple[int, int, int], how: Augment, *, seed: int) -> keras.Sequential:
    """uint8 `(b, s, s, c)` to float32 `(b, s, s, c)` in 0..255; the identity outside of training."""
    steps: list[keras.Layer] = [keras.Input(shape, dtype="uint8"), layers.Rescaling(1.0, dtype="float32")]
    if warp.moves(how):
        steps.append(warp.Warp(how, seed=seed))
    if how.brightness:
        steps.append(layers.RandomBrightness(how.brightness, RANGE, seed=seed + 1, dtype="float32"))
    if how.contrast:
        steps.append(layers.RandomContrast(how.contrast, RANGE, seed=seed + 2, dtype="float32"))
    if how.cutout:
        area = (how.cutout**2, how.cutout**2)
        steps.append(layers.RandomErasing((1.0, 1.0), area, GREY, RANGE, seed=seed + 3, dtype="float32"))
    return keras.Sequential(steps, name="augment")


def mixing(how: Augment, *, seed: int) -> keras.Layer | None:
    """Mixup (Zhang et al., 2018): each picture and its label shares with another one's. None for alpha 0."""
    return layers.MixUp(how.mixup, seed=seed + 4, dtype="float32") if how.mixup else None


def sheet(images: np.ndarray, how: Augment, *, seed: int, times: int) -> np.ndarray:
    """A contact sheet uint8 `(n s, (1 + times) s, c)`: a row a picture of uint8 `(n, s, s, c)`, the picture first.

    Mixing is left out: it changes pictures only together with their labels.
    """
    changing = network(images.shape[1:], how, seed=seed)
    changed = [np.asarray(changing(images, training=True)) for _ in range(times)]
    columns = [images, *(np.rint(c.clip(0, 255)).astype("uint8") for c in changed)]
    return np.concatenate([np.concatenate(list(column)) for column in columns], axis=1)
