"""Train a network so that no kill costs more than the epoch it fell into.

The order of the images and every random draw of an epoch follow from (seed, epoch) alone, and `keeper` keeps the
rest on disk, so a training that was killed and went on ends where an undisturbed one ends.
"""

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from darkroom.packed_data import Split
from darkroom.params import Augment, Fit, Optimization
from darkroom.runtime.errors import warn
from darkroom.training import batching, checkpoint, describe, device, memory, optimizers, training_model, warp

Row = dict[str, float]
Watch = Callable[[int, Row], None]


def fit(
    model: keras.Model,
    train: Split,
    val: Split,
    *,
    config: Fit,
    optimization: Optimization,
    augmented: Augment | None,
    seed: int,
    state: Path,
    on_epoch: Watch,
    until: int | None = None,
    verbose: str | int = "auto",
) -> list[Row]:
    """Train `model` in place; it ends with the weights of the epoch that `config.keep` says. Goes on from `state`.

    With `until` it stops after so many epochs, amid a schedule made for `config.epochs`; called again with more, it
    goes on as if it had never stopped. `on_epoch(epoch, row)` is told of each epoch as it ends. Returns a row an epoch:
    epoch (from 1), loss, accuracy, val_loss, val_accuracy. Raises TrainingError (exit 7) when the loss is no longer
    finite or memory runs out.
    """
    size = device.batch_size(config.batch_size, n_images=len(train.labels), size=train.images.shape[1])
    looped = training_model.Loop(model, augmented, smoothing=optimization.label_smoothing, seed=seed)
    looped.build([(None, *model.input_shape[1:]), (None,)])
    steps = math.ceil(len(train.labels) / size) * config.epochs
    looped.compile(
        optimizer=optimizers.build(optimization, steps, looped.trainable_variables),
        metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        jit_compile=device.xla(moved=augmented is not None and warp.moves(augmented)),
        steps_per_execution=device.steps_at_once(size * describe.multiply_adds(model)),
    )
    data, turn = batching.batches(train, size, seed)
    keeping = checkpoint.Keeper(looped, state, config, optimization, seed=seed, turn=turn, on_epoch=on_epoch)
    last = until or config.epochs
    if not keeping.finished(last):
        with memory.limited(size, model.input_shape[1:], fix=memory.smaller(size)):
            looped.fit(
                data,
                validation_data=_whole(val),
                validation_batch_size=max(size, 256),  # no gradients to hold, so more images fit
                epochs=last,
                initial_epoch=len(keeping.rows),
                shuffle=False,  # Keras would draw the order of the batches once more, and not from the epoch
                class_weight=optimizers.class_weights(optimization, train.labels, len(train.classes)),
                callbacks=[keeping, _Bar()],
                verbose=verbose,
            )
    keeping.restore()
    return keeping.rows


def best(rows: list[Row]) -> Row:
    """The row of the lowest validation loss, the earliest of equals."""
    return checkpoint.best(rows)


def kept(rows: list[Row], config: Fit) -> Row:
    """The row of the epoch whose weights the model has."""
    return checkpoint.kept(rows, config)


def warn_of_chance(name: str, kept: Row, labels: np.ndarray) -> None:
    """Say so when the model `name` is right no more often than one that always says the commonest of `labels`."""
    chance, reached = np.bincount(labels).max() / len(labels), kept["val_accuracy"]
    if reached <= chance + 1e-6:  # the accuracy is a float32
        what = f"{name} learned nothing: it is right for {reached:.3f} of the validation images, and so would be"
        warn(f"{what} for {chance:.3f} who always says their commonest class; try another learning_rate or more epochs")


def forget(state: Path) -> None:
    """Remove the state once the model it led to is safe."""
    shutil.rmtree(state, ignore_errors=True)


class _Bar(keras.callbacks.ProgbarLogger):
    """Keras's own counts batches by whole executions of several, beyond the last one: 32/22."""

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        super().on_train_batch_end(batch if self.target is None else min(batch, self.target - 1), logs)


def _whole(val: Split) -> tuple:
    images, labels = np.asarray(val.images), np.asarray(val.labels)
    return (images, labels), labels
