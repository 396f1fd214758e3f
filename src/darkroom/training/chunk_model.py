"""The network as it trains on JAX: one compiled call gathers and learns from the batches of a whole chunk.

Keras' own steps are the body of the loop, so optimizer, average of the weights, schedule, augmentation and random draws
are those of any other training.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from darkroom.params import Augment
from darkroom.training import on_jax
from darkroom.training.chunks import Chunk
from darkroom.training.training_model import Tensor, TrainingModel

State = Any  # as Keras hands it to the steps of its JAX trainer; the values of the metrics come last


class ChunkModel(TrainingModel):
    """Trains on a `Chunk` in place of a batch. `y` of a step says which images of the batch count."""

    def __init__(self, network: keras.Model, augment: Augment | None, *, smoothing: float, seed: int):
        super().__init__(network, augment, smoothing=smoothing, seed=seed)
        self.loss_of_images = keras.metrics.Mean(name="loss")
        self.accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")

    @property
    def metrics(self) -> list[keras.Metric]:
        """Not Keras' own mean of the loss, which would count a filled batch in full."""
        return [self.loss_of_images, self.accuracy]

    def train_step(self, state: State, data: tuple[Chunk]) -> tuple[dict, State]:
        return self._each_batch(super().train_step, state, *data)

    def test_step(self, state: State, data: tuple[Chunk]) -> tuple[dict, State]:
        return self._each_batch(super().test_step, state, *data)

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        return ops.sum(_losses(y_pred) * sample_weight) / ops.sum(y)

    def compute_metrics(self, x: Tensor, y: Tensor, y_pred: dict, sample_weight: Tensor = None) -> dict:
        heaviest = ops.argmax(y_pred["targets"], axis=-1)
        self.loss_of_images.update_state(_losses(y_pred) * sample_weight, sample_weight=y)
        self.accuracy.update_state(heaviest, y_pred["probabilities"], sample_weight=y)
        return self.get_metrics_result()

    def _each_batch(self, step: Callable, state: State, chunk: Chunk) -> tuple[dict, State]:
        state = on_jax.loop(lambda i, now: step(now, _batch(chunk, i))[1], len(chunk["rows"]), chunk["steps"], state)
        with keras.StatelessScope(state_mapping=list(zip(self.metrics_variables, state[-1], strict=True))):
            return self.get_metrics_result(), state


def _losses(y_pred: dict) -> Tensor:
    return keras.losses.categorical_crossentropy(y_pred["targets"], y_pred["probabilities"])


def _batch(chunk: Chunk, i: Tensor) -> tuple:
    rows = ops.take(chunk["rows"], i, axis=0)
    counts = ops.cast(ops.arange(rows.shape[0]) < ops.take(chunk["counts"], i), "float32")
    images, labels, weights = (
        on_jax.divided(ops.take(chunk[part], rows, axis=0)) for part in ("images", "labels", "weights")
    )
    return (images, labels), counts, weights * counts
