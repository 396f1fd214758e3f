"""Random changes of a training image, as Keras layers compiled with the network.

They stand in front of the network while it trains and are not part of what is saved, so a saved model
never augments.
"""

import keras
import numpy as np
from keras import layers

from darkroom.params import Augment
from darkroom.training import warp

GREY = 127.5  # of a cut-out square and of borders, the middle of the range
RANGE = (0, 255)
SIDE = 64  # pixels at most of an image on a contact sheet: it ends in a report that git holds


def network(shape: tuple[int, int, int], config: Augment, *, seed: int) -> keras.Sequential:
    """uint8 `(b, s, s, c)` to float32 `(b, s, s, c)` in 0..255; the identity outside of training."""
    steps: list[keras.Layer] = [keras.Input(shape, dtype="uint8"), layers.Rescaling(1.0, dtype="float32")]
    if warp.moves(config):
        steps.append(warp.Warp(config, seed=seed))
    if config.brightness:
        steps.append(layers.RandomBrightness(config.brightness, RANGE, seed=seed + 1, dtype="float32"))
    if config.contrast:
        steps.append(layers.RandomContrast(config.contrast, RANGE, seed=seed + 2, dtype="float32"))
    if config.cutout:
        area = (config.cutout**2, config.cutout**2)
        steps.append(layers.RandomErasing((1.0, 1.0), area, GREY, RANGE, seed=seed + 3, dtype="float32"))
    return keras.Sequential(steps, name="augment")


def mixing(config: Augment, *, seed: int) -> keras.Layer | None:
    """Mixup (Zhang et al., 2018): each image and its label shares with another one's. None for alpha 0."""
    return layers.MixUp(config.mixup, seed=seed + 4, dtype="float32") if config.mixup else None


def changes(config: Augment) -> bool:
    """Whether an image alone is changed: any hyperparameter is turned but that of mixing."""
    return warp.moves(config) or bool(config.brightness or config.contrast or config.cutout)


def sheet(images: np.ndarray, config: Augment, *, seed: int, times: int) -> np.ndarray:
    """A contact sheet uint8 `(n (s + 2), (1 + times) (s + 2), c)`: a row an image of uint8 `(n, s, s, c)`.

    The image comes first. All have a grey border, so that none runs into the next.
    A side beyond SIDE is shortened to every so many pixels; the changes are shares and degrees, so they look the same.
    Mixing is left out: it changes images only together with their labels.
    """
    step = -(-images.shape[1] // SIDE)
    images = images[:, ::step, ::step]
    changing = network(images.shape[1:], config, seed=seed)
    changed = [np.asarray(changing(images, training=True)) for _ in range(times)]
    columns = [images, *(np.rint(c.clip(0, 255)).astype("uint8") for c in changed)]
    framed = [np.pad(column, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=round(GREY)) for column in columns]
    return np.concatenate([np.concatenate(list(column)) for column in framed], axis=1)
