"""What a training needs to go on after a kill, on disk after each epoch: weights, optimizer, history, and the weights
of the best epoch.

It is one file, so its parts are always of the same epoch, and it proves itself: when a bit of it has changed, the
training starts again. It is written while the next epoch trains, and no more than one at a time. The price is about
four times the size of the weights, written each epoch, and as much memory for the copy that is being written. On a node
without the project the file also goes to the bucket after each epoch, meanwhile too: an epoch that is shorter than that
transfer waits for it. A bucket that refuses costs a warning, and the next epoch tries again.

Its folder is named by everything the outcome follows from. Another parameter, another image, another version of this
code, another backend or version of a library gives another name, so a stale state is never resumed, whatever was
killed when.
"""

import json
import math
import shutil
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import keras
import numpy as np
from pydantic import BaseModel

from darkroom.params import Fit, Optimization
from darkroom.runtime import files, kept_state, sealing
from darkroom.runtime.errors import TrainingError, warn
from darkroom.training import augment, checksummed, device, draws
from darkroom.training.batching import SetEpoch
from darkroom.training.session import Row, Session

LIBRARY = Path(__file__).parents[1]
LAST = "last.npz"
INTERVAL = 20  # batches, at least, between two checks of the loss: each makes Python wait for the device


def resume_dir(root: Path, packed: Path, *parts: BaseModel | str | int | float | None, code: Sequence[str]) -> Path:
    """`root`/FINGERPRINT of the packed data, the `parts`, the folders `code` of the library, and the libraries used."""
    plain = [part.model_dump() if isinstance(part, BaseModel) else part for part in parts]
    modules = [files.sha256(path) for name in code for path in sorted((LIBRARY / name).glob("*.py"))]
    libraries = device.identity() | {"keras-tuner": version("keras-tuner")}
    return root / files.fingerprint(sealing.digest_of(packed), plain, modules, libraries)


def clear(state: Path) -> None:
    """Remove the state once the model it led to is safe."""
    shutil.rmtree(state, ignore_errors=True)


def best(rows: list[Row]) -> Row:
    """Return the row of the lowest validation loss, the earliest of equals."""
    return min(rows, key=lambda row: row["val_loss"])


def best_or_last(rows: list[Row], config: Fit) -> Row:
    """Return the row of the epoch whose weights the network ends with."""
    return rows[-1] if config.keep == "last" else best(rows)


class Checkpoint(keras.callbacks.Callback):
    """Keep the state on disk and the history in `rows`; end the training when it no longer improves.

    With an average of the weights (EMA) that average is what is validated and kept. To be used in a `with` block, which
    ends once what was begun is on disk.
    """

    def __init__(
        self,
        training: keras.Model,
        config: Fit,
        optimization: Optimization,
        session: Session,
        set_epoch: SetEpoch,
    ):
        super().__init__()
        self.training, self.config, self.optimization = training, config, optimization
        self.session, self.set_epoch = session, set_epoch
        self.validated: list[np.ndarray] = []
        self.best: list[np.ndarray] = []
        self.rows: list[Row] = []
        self._writer = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None
        self._load()

    def finished(self, epochs: int) -> bool:
        return bool(self.rows) and (len(self.rows) >= epochs or self._out_of_patience())

    def restore(self) -> None:
        """Put the weights of the best epoch (or the last, as `config.keep` says) into the network."""
        _assign(self.training.variables, self.best)

    def __enter__(self) -> "Checkpoint":
        return self

    def __exit__(self, *_: object) -> None:
        self._settle()

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.set_epoch(epoch)
        self.checked = -INTERVAL
        augment.begin_epoch(self.training.variables, epoch)
        draws.reseed(self.training.variables, self.session.seed, epoch)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if self._writing and self._writing.done():
            self._settle()
        if batch - self.checked < INTERVAL:
            return
        self.checked = batch
        if not math.isfinite(float((logs or {}).get("loss", 0.0))):
            raise self._diverged(f"in epoch {len(self.rows) + 1}, batch {batch + 1}")

    def on_test_begin(self, logs: dict | None = None) -> None:
        trained = _values(self.training.variables)
        if self.optimization.ema:
            self.training.optimizer.finalize_variable_values(self.training.trainable_variables)
        self.validated, self.trained = _values(self.training.variables), trained
        _assign(self.training.variables, self.validated)  # JAX would use the averages themselves, and free them

    def on_test_end(self, logs: dict | None = None) -> None:
        _assign(self.training.variables, self.trained)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        row = {"epoch": epoch + 1} | {key: float(value) for key, value in sorted((logs or {}).items())}
        if not all(math.isfinite(value) for value in row.values()):
            raise self._diverged(f"after epoch {epoch + 1}")
        self.rows.append(row)
        if best_or_last(self.rows, self.config) is row:
            self.best = self.validated
        self._settle()
        self._writing = self._writer.submit(self._save, row, json.dumps(self.rows), self._arrays())
        self.training.stop_training = self._out_of_patience()

    def _settle(self) -> None:
        """Wait until what was begun is on disk. Raises what went wrong there, or in `session.on_epoch`."""
        writing, self._writing = self._writing, None
        if writing:
            writing.result()

    def _out_of_patience(self) -> bool:
        return self.rows[-1]["epoch"] - best(self.rows)["epoch"] >= self.config.patience

    def _all_variables(self) -> list:
        return [*self.training.variables, *self.training.optimizer.variables]

    def _diverged(self, when: str) -> TrainingError:
        return TrainingError(
            "E_LOSS",
            f"the loss is no longer finite {when}; learning_rate is {self.optimization.learning_rate:g}",
            where="params.yaml",
            fix=f"set learning_rate to {self.optimization.learning_rate / 10:g}",
        )

    def _arrays(self) -> dict[str, Any]:
        """Copies of the weights and of all else that a training goes on from; nothing changes them later."""
        parts = {"current": _values(self._all_variables()), "best": self.best}
        return {f"{part}{i}": value for part, values in parts.items() for i, value in enumerate(values)}

    def _save(self, row: Row, history: str, arrays: dict[str, Any]) -> None:
        """Write the state of the epoch of `row`, then say that it has ended: so no later run repeats it."""
        with files.durable(self.session.state / LAST) as partial:
            checksummed.write(partial, lambda file: np.savez(file, history=history, **arrays))
        kept_state.keep(self.session.state / LAST)
        self.session.on_epoch(int(row["epoch"]), row)

    def _load(self) -> None:
        """Resume from what an earlier run saved, if it is whole."""
        path = self.session.state / LAST
        kept_state.recall(path)
        if not checksummed.intact(path):
            if path.exists():
                warn(f"{path} is damaged, so this training starts again")
            return
        with np.load(path) as arrays:
            self.rows = json.loads(str(arrays["history"]))
            self.best = [arrays[f"best{i}"] for i in range(len(self.training.variables))]
            _assign(self._all_variables(), [arrays[f"current{i}"] for i in range(len(self._all_variables()))])


def _values(variables: list) -> list[np.ndarray]:
    return [keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(variable)).copy() for variable in variables]


def _assign(variables: list, values: list[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
