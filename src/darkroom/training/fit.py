"""Train a network so that no kill costs more than the epoch it fell into.

The order of the images and every random draw of an epoch follow from (seed, epoch) alone, and `checkpoint` keeps the
rest on disk, so a training that was killed and resumed ends where an undisturbed one ends.
"""

import math
from contextlib import nullcontext
from dataclasses import dataclass

import keras
import numpy as np

from darkroom.params import Augment, Fit, Optimization
from darkroom.runtime.errors import warn
from darkroom.training import batching, checkpoint, describe, device, memory, optimizers, progress
from darkroom.training.chunk_model import ChunkModel
from darkroom.training.session import Row, Session, TrainingData
from darkroom.training.training_model import TrainingModel


@dataclass(frozen=True)
class TrainedModel:
    """A network, the history of its training, and `best`: the row of the epoch whose weights it has."""

    network: keras.Model
    rows: list[Row]
    best: Row

    @property
    def best_epoch(self) -> int:
        return int(self.best["epoch"])

    @property
    def multiply_adds(self) -> int:
        """Of a prediction for one image."""
        return describe.multiply_adds(self.network)


def fit(
    model: keras.Model,
    data: TrainingData,
    config: Fit,
    optimization: Optimization,
    session: Session,
    augment: Augment | None = None,
) -> list[Row]:
    """Train `model` in place; it ends with the weights of `checkpoint.best_or_last`. Resumes from `session.state`.

    Returns one row per epoch. Raises TrainingError (exit 7) when the loss is no longer finite or memory runs out.
    """
    train = data.train
    size = device.batch_size(config.batch_size, n_images=len(train.labels), size=train.images.shape[1])
    per_epoch = math.ceil(len(train.labels) / size)
    per_call = device.steps_per_execution(size * describe.multiply_adds(model))
    training = _compiled(model, per_call, per_epoch * config.epochs, optimization, session.seed, augment)
    class_weights = optimizers.class_weights(optimization, train.labels, len(train.classes))
    loading = batching.Loading(size, config.image_memory, session.seed)
    feed = batching.feed(data, loading, per_call, class_weights)
    state = checkpoint.Checkpoint(training, config, optimization, session, feed.set_epoch)
    last = session.until or config.epochs
    if not state.finished(last):
        shown = nullcontext() if session.quiet else progress.shown(last, per_epoch, feed.steps, len(state.rows))
        with shown as watcher, memory.limited(size, model.input_shape[1:], fix=memory.smaller(size)), state:
            training.fit(
                feed.train,
                validation_data=feed.val,
                validation_batch_size=max(size, batching.VALIDATION_BATCH),
                epochs=last,
                initial_epoch=len(state.rows),
                shuffle=False,  # Keras would draw the order of the batches once more, and not from the epoch
                class_weight=feed.class_weights,
                callbacks=[state, watcher] if watcher else [state],
                verbose=0,
            )
    state.restore()
    return state.rows


def summary(trained: TrainedModel) -> str:
    """The outcome of a training in words."""
    best, epochs = trained.best, len(trained.rows)
    scores = f"validation accuracy {best['val_accuracy']:.4f}, loss {best['val_loss']:.4f}"
    return f"{scores} (epoch {trained.best_epoch} of {epochs})"


def warn_of_chance(name: str, best: Row, labels: np.ndarray) -> None:
    """Warn when the model `name` is right no more often than one that always predicts the commonest of `labels`."""
    chance, accuracy = np.bincount(labels).max() / len(labels), best["val_accuracy"]
    if accuracy <= chance + 1e-6:  # the accuracy is a float32
        what = f"{name} learned nothing: its validation accuracy is {accuracy:.3f}, and always predicting the commonest"
        warn(f"{what} class gives {chance:.3f}; try another learning_rate or more epochs")


def _compiled(
    model: keras.Model, per_call: int, steps: int, optimization: Optimization, seed: int, augment: Augment | None
) -> TrainingModel:
    loops = device.loops()
    kind = ChunkModel if loops else TrainingModel
    training = kind(model, augment, smoothing=optimization.label_smoothing, seed=seed)
    training.build([(None, *model.input_shape[1:]), (None,)])
    training.compile(
        optimizer=optimizers.build(optimization, steps, training.trainable_variables),
        metrics=None if loops else [keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        jit_compile=device.xla(),
        steps_per_execution=1 if loops else per_call,
    )
    return training
