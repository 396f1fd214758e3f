"""Train a network so that no kill costs more than the epoch it fell into.

After each epoch everything that the next one depends on goes to a state folder: weights, optimizer, history.
The order of the pictures and every random draw of an epoch follow from (seed, epoch) alone, so a training
that was killed and went on ends where an undisturbed one ends. The price is one file of about three times
the size of the weights, written each epoch.
"""

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from zipfile import BadZipFile

import keras
import numpy as np

from darkroom import files
from darkroom.data.pack import Pack
from darkroom.errors import TrainingError
from darkroom.learning import augment
from darkroom.params import Augment, Fit

Row = dict[str, float]
Watch = Callable[[int, Row], None]

MOMENTUM = 0.9  # of SGD, the value of the MNIST course
WARM_UP = 0.05  # share of all steps


def fit(
    model: keras.Model,
    train: Pack,
    val: Pack,
    *,
    how: Fit,
    optimizer: str,
    learning_rate: float,
    augmented: Augment,
    seed: int,
    state: Path,
    watch: Watch,
) -> list[Row]:
    """Train `model` in place; it ends with the weights of its best epoch. Goes on from `state` if that holds any.

    `watch(epoch, row)` is told of each epoch as it ends. Returns a row an epoch: epoch (from 1), loss,
    accuracy, val_loss, val_accuracy. Raises TrainingError (exit 7) when the loss is no longer finite.
    """
    steps = math.ceil(len(train.labels) / how.batch_size)
    looped = keras.Sequential([augment.network(model.input_shape[1:], augmented, seed=seed), model])
    looped.compile(
        optimizer=_optimizer(optimizer, _rate(learning_rate, how, steps)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    looped.optimizer.build(looped.trainable_variables)
    keeper = _Keeper(looped, state, how.patience, seed, watch)
    if not keeper.finished(how.epochs):
        looped.fit(
            _Batches(train, how.batch_size, seed, len(keeper.rows)),
            validation_data=(np.asarray(val.images), np.asarray(val.labels)),
            epochs=how.epochs,
            initial_epoch=len(keeper.rows),
            shuffle=False,  # Keras would draw the order of the batches once more, and not from the epoch
            callbacks=[keeper],
            verbose="auto" if how.epochs > 1 else 0,
        )
    keeper.restore_best()
    return keeper.rows


def best(rows: list[Row]) -> Row:
    """The row of the lowest validation loss, the earliest of equals."""
    return min(rows, key=lambda row: row["val_loss"])


def forget(state: Path) -> None:
    """Remove the state once the model it led to is safe."""
    shutil.rmtree(state, ignore_errors=True)


def _rate(rate: float, how: Fit, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    if how.schedule == "constant":
        return rate
    total = steps * how.epochs
    warm_up = max(1, int(WARM_UP * total))
    return keras.optimizers.schedules.CosineDecay(
        rate / 10, max(1, total - warm_up), warmup_target=rate, warmup_steps=warm_up
    )


def _optimizer(name: str, rate: object) -> keras.optimizers.Optimizer:
    if name == "sgd":
        return keras.optimizers.SGD(rate, momentum=MOMENTUM)
    return {"adam": keras.optimizers.Adam, "adamw": keras.optimizers.AdamW}[name](rate)


class _Batches(keras.utils.PyDataset):
    """Training batches, uint8 `(b, s, s, c)` with labels `(b,)`, in an order drawn from (seed, epoch)."""

    def __init__(self, pack: Pack, batch_size: int, seed: int, epoch: int):
        super().__init__()
        self.pack, self.size, self.seed, self.epoch = pack, batch_size, seed, epoch
        self._shuffle()

    def __len__(self) -> int:
        return math.ceil(len(self.pack.labels) / self.size)

    def __getitem__(self, i: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self.order[i * self.size : (i + 1) * self.size]
        return self.pack.images[rows], self.pack.labels[rows]

    def on_epoch_end(self) -> None:
        self.epoch += 1
        self._shuffle()

    def _shuffle(self) -> None:
        self.order = np.random.default_rng([self.seed, self.epoch]).permutation(len(self.pack.labels))


class _Keeper(keras.callbacks.Callback):
    """Keeps the training's state on disk and its history in `rows`; stops it when it no longer improves."""

    def __init__(self, model: keras.Model, state: Path, patience: int, seed: int, watch: Watch):
        super().__init__()
        self.looped, self.state, self.patience, self.seed, self.watch = model, state, patience, seed, watch
        self.rows: list[Row] = self._load(state / "last.npz", self._everything())

    def finished(self, epochs: int) -> bool:
        return bool(self.rows) and (len(self.rows) >= epochs or self._stale())

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        for i, variable in enumerate(v for v in self.looped.variables if v.path.endswith("seed_generator_state")):
            variable.assign(np.array([self.seed + i, epoch], dtype="uint32"))

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        row: Row = {"epoch": epoch + 1, **{key: float(value) for key, value in sorted((logs or {}).items())}}
        if not all(math.isfinite(value) for value in row.values()):
            raise TrainingError(
                "E_LOSS",
                f"the loss is no longer finite after epoch {epoch + 1}",
                where="params.yaml",
                fix="lower the learning rate, to a tenth for a start",
            )
        self.rows.append(row)
        if best(self.rows) is row:
            self._save(self.state / "best.npz", self.looped.variables)
        self._save(self.state / "last.npz", self._everything())
        self.watch(epoch + 1, row)
        self.looped.stop_training = self._stale()

    def restore_best(self) -> None:
        self._load(self.state / "best.npz", self.looped.variables)

    def _stale(self) -> bool:
        return self.rows[-1]["epoch"] - best(self.rows)["epoch"] >= self.patience

    def _everything(self) -> list:
        return [*self.looped.variables, *self.looped.optimizer.variables]

    def _save(self, path: Path, variables: list) -> None:
        arrays = {str(i): np.array(v.numpy()) for i, v in enumerate(variables)}
        with files.replacing(path) as partial, partial.open("wb") as file:
            np.savez(file, history=json.dumps(self.rows), **arrays)

    def _load(self, path: Path, variables: list) -> list[Row]:
        """Put the saved values back. A file that a kill or a full disk spoilt counts as absent."""
        try:
            with path.open("rb") as file, np.load(file) as saved:
                rows, values = json.loads(str(saved["history"])), [saved[str(i)] for i in range(len(variables))]
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return []
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        return rows
