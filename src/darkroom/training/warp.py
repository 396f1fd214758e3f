"""Shift, turn, zoom, shear and mirror an image in one pass.

Keras has a layer for each; one after the other they read and blur every image as often. Here the steps become
one matrix an image and the image is read once, which is what makes augmented training about as fast as plain
training (benchmarks/training.py).
"""

import math

import keras
from keras import ops

from darkroom.params import Augment


class Warp(keras.layers.Layer):
    """float `(b, s, s, c)` to the same shape; bilinear, borders repeat. The identity outside of training."""

    def __init__(self, config: Augment, *, seed: int):
        super().__init__(name="warp", dtype="float32")
        self.config, self.draws = config, keras.random.SeedGenerator(seed)

    def call(self, images: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        if not training:
            return images
        side = images.shape[1]
        return ops.image.affine_transform(
            images, self._transforms(ops.shape(images)[0], side), interpolation="bilinear", fill_mode="nearest"
        )

    def compute_output_shape(self, shape: tuple) -> tuple:
        return shape

    def _transforms(self, n: int, side: int) -> keras.KerasTensor:
        """`(n, 8)`: where output pixel (x, y) is read, `(a x + b y + c, d x + e y + f)`, all about the centre."""
        turn = self._within(n, math.radians(self.config.rotation))
        lean = ops.tan(self._within(n, math.radians(self.config.shear)))
        wide = (1 + self._within(n, self.config.zoom)) * self._sign(n, self.config.flip_horizontal)
        high = (1 + self._within(n, self.config.zoom)) * self._sign(n, self.config.flip_vertical)
        a, b = wide * ops.cos(turn), high * (lean * ops.cos(turn) - ops.sin(turn))
        d, e = wide * ops.sin(turn), high * (lean * ops.sin(turn) + ops.cos(turn))
        middle = (side - 1) / 2
        c = middle * (1 - a - b) + ops.round(self._within(n, self.config.shift * side))  # whole pixels: no blur from it
        f = middle * (1 - d - e) + ops.round(self._within(n, self.config.shift * side))
        nothing = ops.zeros_like(a)
        return ops.stack([a, b, c, d, e, f, nothing, nothing], axis=1)

    def _within(self, n: int, bound: float) -> keras.KerasTensor:
        return keras.random.uniform((n,), -bound, bound, seed=self.draws) if bound else ops.zeros((n,))

    def _sign(self, n: int, flips: bool) -> keras.KerasTensor:
        return ops.where(keras.random.uniform((n,), seed=self.draws) < 0.5, -1.0, 1.0) if flips else ops.ones((n,))


def moves(config: Augment) -> bool:
    """Whether any of its hyperparameters is turned."""
    return bool(
        config.shift or config.rotation or config.zoom or config.shear or config.flip_horizontal or config.flip_vertical
    )
