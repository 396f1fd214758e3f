"""What a training needs to go on after a kill, on disk after each epoch: weights, optimizer, history, and the weights
of the epoch to keep.

It is one file, so its parts are always of the same epoch, and it proves itself: when a bit of it is no longer what
it was, the training starts again. The price is about four times the size of the weights, written each epoch.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from darkroom.params import Fit, Optimization
from darkroom.runtime import files
from darkroom.runtime.errors import TrainingError, warn
from darkroom.training import checksummed

LAST = "last.npz"
LOOK = 20  # batches, at least, from one look at the loss to the next: each makes Python wait for the device


def best(rows: list[dict[str, float]]) -> dict[str, float]:
    return min(rows, key=lambda row: row["val_loss"])


def kept(rows: list[dict[str, float]], config: Fit) -> dict[str, float]:
    return rows[-1] if config.keep == "last" else best(rows)


class Keeper(keras.callbacks.Callback):
    """Keeps the state on disk and the history in `rows`; ends the training when it no longer improves.

    With an average of the weights (EMA) that average is what validation judges and what is kept.
    """

    def __init__(
        self,
        looped: keras.Model,
        state: Path,
        config: Fit,
        optimization: Optimization,
        *,
        seed: int,
        turn: Callable,
        on_epoch: Callable,
    ):
        super().__init__()
        self.looped, self.state, self.config, self.optimization = looped, state, config, optimization
        self.seed, self.turn, self.on_epoch = seed, turn, on_epoch
        self.judged: list[np.ndarray] = []
        self.kept: list[np.ndarray] = []
        self.rows: list[dict[str, float]] = []
        self._load()

    def finished(self, epochs: int) -> bool:
        return bool(self.rows) and (len(self.rows) >= epochs or self._stale())

    def restore(self) -> None:
        """Put the weights of the epoch to keep into the model."""
        _assign(self.looped.variables, self.kept)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.turn(epoch)
        self.looked = -LOOK
        for i, variable in enumerate(v for v in self.looped.variables if v.path.endswith("seed_generator_state")):
            variable.assign(np.array([self.seed + i, epoch], dtype="uint32"))

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if batch - self.looked < LOOK:
            return
        self.looked = batch
        if not math.isfinite(float((logs or {}).get("loss", 0.0))):
            raise self._diverged(f"in epoch {len(self.rows) + 1}, batch {batch + 1}")

    def on_test_begin(self, logs: dict | None = None) -> None:
        trained = _values(self.looped.variables)
        if self.optimization.ema:
            self.looped.optimizer.finalize_variable_values(self.looped.trainable_variables)
        self.judged, self.trained = _values(self.looped.variables), trained
        _assign(self.looped.variables, self.judged)  # JAX would judge with the averages themselves, and free them

    def on_test_end(self, logs: dict | None = None) -> None:
        _assign(self.looped.variables, self.trained)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        row = {"epoch": epoch + 1, **{key: float(value) for key, value in sorted((logs or {}).items())}}
        if not all(math.isfinite(value) for value in row.values()):
            raise self._diverged(f"after epoch {epoch + 1}")
        self.rows.append(row)
        if kept(self.rows, self.config) is row:
            self.kept = self.judged
        self._save()
        self.on_epoch(epoch + 1, row)
        self.looped.stop_training = self._stale()

    def _stale(self) -> bool:
        return self.rows[-1]["epoch"] - best(self.rows)["epoch"] >= self.config.patience

    def _everything(self) -> list:
        return [*self.looped.variables, *self.looped.optimizer.variables]

    def _diverged(self, when: str) -> TrainingError:
        return TrainingError(
            "E_LOSS",
            f"the loss is no longer finite {when}; learning_rate is {self.optimization.learning_rate:g}",
            where="params.yaml",
            fix=f"set learning_rate to {self.optimization.learning_rate / 10:g}",
        )

    def _save(self) -> None:
        parts = {"now": _values(self._everything()), "kept": self.kept}
        arrays = {f"{part}{i}": value for part, values in parts.items() for i, value in enumerate(values)}
        with files.durable(self.state / LAST) as partial:
            checksummed.write(partial, lambda file: np.savez(file, history=json.dumps(self.rows), **arrays))

    def _load(self) -> None:
        """Take up what an earlier run saved, if it is all there."""
        path = self.state / LAST
        if not checksummed.intact(path):
            if path.exists():
                warn(f"{path} is damaged, so this training starts again")
            return
        with np.load(path) as saved:
            self.rows = json.loads(str(saved["history"]))
            self.kept = [saved[f"kept{i}"] for i in range(len(self.looped.variables))]
            _assign(self._everything(), [saved[f"now{i}"] for i in range(len(self._everything()))])


def _values(variables: list) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(variable)).copy() for variable in variables]


def _assign(variables: list, values: list[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
