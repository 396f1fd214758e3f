"""Mixup (Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2018): images and labels blended in pairs."""

import keras
import numpy as np
from keras import ops

STEPS = 1024  # of the table of quantiles


class Mixup(keras.layers.Layer):
    """Blend each image and its label with another one's, in a proportion that is drawn from Beta(alpha, alpha).

    Weights are quantiles of uniform draws: Keras's own layer draws them from gamma distributions, which TensorFlow's
    XLA lacks. Their distribution is within 1 / STEPS of the beta distribution that is rounded to float32. That has
    no number between 1 - 6e-8 and 1, so where alpha is small some weights are 1 that would be just below: 9 % at 0.1,
    1.6 % at 0.2, none to speak of from 0.4.
    """

    def __init__(self, alpha: float, *, seed: int):
        from scipy import special  # a fifth of a second to import, for what few presets ask for

        super().__init__(name="mixup", dtype="float32")
        self.draws = keras.random.SeedGenerator(seed)
        self.quantiles = special.betaincinv(alpha, alpha, np.linspace(0, 1, STEPS + 1)).astype("float32")

    def call(
        self, images: keras.KerasTensor, targets: keras.KerasTensor
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """float `(b, s, s, c)` and `(b, k)` to the same shapes."""
        n = ops.shape(images)[0]
        weights, partners = self._weights(n), keras.random.shuffle(ops.arange(n), seed=self.draws)
        return _blended(images, weights, partners), _blended(targets, weights, partners)

    def _weights(self, n: int) -> keras.KerasTensor:
        place = keras.random.uniform((n,), 0.0, STEPS, seed=self.draws)
        below = ops.minimum(ops.floor(place), STEPS - 1)
        low, high = (ops.take(self.quantiles, ops.cast(below, "int32") + i) for i in (0, 1))
        return low + (high - low) * (place - below)


def _blended(values: keras.KerasTensor, weights: keras.KerasTensor, partners: keras.KerasTensor) -> keras.KerasTensor:
    weights = ops.reshape(weights, (-1, *(1 for _ in values.shape[1:])))
    return weights * values + (1 - weights) * ops.take(values, partners, axis=0)
