"""The network as it trains: augmentation before it, mixed and smoothed labels behind it.

The labels are an input beside the images, because mixing changes both. In validation the network itself is measured,
against the labels as they are.
"""

from typing import Any

import keras
from keras import layers, ops

from darkroom.params import Augment
from darkroom.training import augment as augmentation
from darkroom.training import device

Tensor = Any  # of the backend


class TrainingModel(keras.Model):
    """Inputs (uint8 `(b, s, s, c)`, int64 `(b,)`); outputs probabilities and their targets, float32 `(b, k)` both.

    With `augment` None the first input is left alone, so it need not be images.
    """

    def __init__(self, network: keras.Model, augment: Augment | None, *, smoothing: float, seed: int):
        super().__init__(name="training")
        shape = network.input_shape[1:]
        self.changes = augmentation.network(shape, augment, seed=seed) if augment else layers.Identity()
        self.mixing = augmentation.mixing(augment, seed=seed) if augment else None
        self.network, self.smoothing = network, smoothing

    def build(self, shapes: list) -> None:
        """The parts were built as they were made, but for the mixing, which has nothing to build."""
        if self.mixing:
            self.mixing.built = True

    def call(self, batch: tuple, training: bool = False) -> dict:
        images, labels = batch
        k = self.network.output_shape[-1]
        images, targets = self.changes(images, training=training), ops.one_hot(labels, k)
        if training:
            targets = targets * (1 - self.smoothing) + self.smoothing / k
            images, targets = self._mixed(images, targets)
        return {"probabilities": self.network(images, training=training), "targets": targets}

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        losses = keras.losses.categorical_crossentropy(y_pred["targets"], y_pred["probabilities"])
        mean = ops.mean(losses if sample_weight is None else losses * sample_weight)
        return mean / device.replicas()  # of which Keras adds up gradients and losses

    def compute_metrics(self, x: Tensor, y: Tensor, y_pred: dict, sample_weight: Tensor = None) -> dict:
        heaviest = ops.argmax(y_pred["targets"], axis=-1)  # of two mixed labels, that of the image seen best
        return super().compute_metrics(x, heaviest, y_pred["probabilities"])

    def _mixed(self, images: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        if self.mixing is None:
            return images, targets
        return self.mixing(images, targets)
