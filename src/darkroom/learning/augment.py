"""Random changes of a training picture, as Keras layers compiled with the network.

They stand in front of the network while it trains and are not part of what is saved, so a saved model
never augments.
"""

import keras
from keras import layers

from darkroom.params import Augment


def network(shape: tuple[int, int, int], how: Augment, *, seed: int) -> keras.Sequential:
    """uint8 `(b, s, s, c)` to float32 `(b, s, s, c)` in 0..255; the identity outside of training."""
    steps: list[keras.Layer] = [keras.Input(shape, dtype="uint8"), layers.Rescaling(1.0)]
    if flip := _flip(how):
        steps.append(layers.RandomFlip(flip, seed=seed))
    if how.shift:
        steps.append(layers.RandomTranslation(how.shift, how.shift, fill_mode="nearest", seed=seed + 1))
    if how.rotation:
        steps.append(layers.RandomRotation(how.rotation / 360, fill_mode="nearest", seed=seed + 2))
    if how.zoom:
        steps.append(layers.RandomZoom((-how.zoom, how.zoom), fill_mode="nearest", seed=seed + 3))
    if how.brightness:
        steps.append(layers.RandomBrightness(how.brightness, value_range=(0, 255), seed=seed + 4))
    return keras.Sequential(steps, name="augment")


def _flip(how: Augment) -> str:
    names = {(True, True): "horizontal_and_vertical", (True, False): "horizontal", (False, True): "vertical"}
    return names.get((how.flip_horizontal, how.flip_vertical), "")
