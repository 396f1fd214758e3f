"""Show how far a training is: its batches on a terminal, its epochs in a log."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import keras

from darkroom.runtime import progress
from darkroom.runtime.progress import Show

SHOWN = "loss", "val_loss", "val_accuracy"


@contextmanager
def shown(epochs: int, batches: int, first: int = 0) -> Iterator[keras.callbacks.Callback]:
    """Yield the callback that shows a training of so many epochs, of `batches` each; `first` are done already."""
    if sys.stderr.isatty():
        with progress.shown("training, batches", epochs * batches, first * batches) as show:
            yield _Batches(show, epochs, batches)
    else:
        with progress.shown("training, epochs", epochs, first) as show:
            yield _Epochs(show)


class _Epochs(keras.callbacks.Callback):
    def __init__(self, show: Show):
        super().__init__()
        self.show = show

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.show(epoch + 1, _scores(logs))


class _Batches(keras.callbacks.Callback):
    def __init__(self, show: Show, epochs: int, batches: int):
        super().__init__()
        self.show, self.epochs, self.batches, self.scores = show, epochs, batches, ""

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.epoch = epoch
        self._update(0)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self._update(min(batch + 1, self.batches))  # Keras counts executions of several batches, beyond the last one

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.scores = _scores(logs)
        self._update(self.batches)

    def _update(self, done: int) -> None:
        self.show(self.epoch * self.batches + done, f"epoch {self.epoch + 1}/{self.epochs} {self.scores}")


def _scores(logs: dict | None) -> str:
    return ", ".join(f"{name} {logs[name]:.4f}" for name in SHOWN if name in logs) if logs else ""
