"""Show how far a training is: its batches on a terminal; in a log its epochs, and early on how long it will take."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import keras

from darkroom.runtime import progress
from darkroom.runtime.progress import Show

SHOWN = "loss", "val_loss", "val_accuracy"
WATCHED = 10.0  # seconds of training that a forecast follows from; they begin after the first call, which compiles
WORTH = 60.0  # seconds: nothing is said about a training that takes less


@contextmanager
def shown(epochs: int, batches: int, per_call: int = 1, first: int = 0) -> Iterator[keras.callbacks.Callback]:
    """Yield the callback that shows a training of so many epochs, of `batches` each; `first` are done already.

    Keras counts calls, each of `per_call` batches.
    """
    if sys.stderr.isatty():
        with progress.shown("training, batches", epochs * batches, first * batches) as show:
            yield _Batches(show, epochs, batches, per_call)
    else:
        with progress.shown("training, epochs", epochs, first) as show:
            yield _Epochs(show, epochs, batches, per_call)


class _Counting(keras.callbacks.Callback):
    """Knows how many batches of all epochs are done."""

    def __init__(self, show: Show, epochs: int, batches: int, per_call: int):
        super().__init__()
        self.show, self.epochs, self.batches, self.per_call = show, epochs, batches, per_call

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.epoch = epoch

    def done(self, batch: int) -> int:
        in_epoch = (batch + 1) * self.per_call  # beyond the last one where a call has several batches
        return self.epoch * self.batches + min(in_epoch, self.batches)


class _Epochs(_Counting):
    start: tuple[float, int] | None = None  # when the forecast began, and how many batches were done
    is_told = False

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if self.is_told or (self.start and time.monotonic() - self.start[0] < WATCHED):
            return
        float((logs or {}).get("loss", 0.0))  # waits for the device, which computes while Python goes on
        now = time.monotonic(), self.done(batch)
        if self.start:
            self._forecast(now[0] - self.start[0], now[1] - self.start[1], self.epochs * self.batches - now[1])
        self.start = self.start or now

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.show(epoch + 1, _scores(logs))

    def _forecast(self, seconds: float, done: int, left: int) -> None:
        self.is_told, ahead = True, seconds / done * left
        if ahead >= WORTH:
            what = f"{self.epochs} epochs end in about {ahead / 60:.0f} minutes, or sooner if they no longer improve"
            print(f"  training: {what}", file=sys.stderr, flush=True)


class _Batches(_Counting):
    scores = ""

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        super().on_epoch_begin(epoch)
        self._update(epoch * self.batches)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self._update(self.done(batch))

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.scores = _scores(logs)
        self._update((epoch + 1) * self.batches)

    def _update(self, done: int) -> None:
        self.show(done, f"epoch {self.epoch + 1}/{self.epochs} {self.scores}")


def _scores(logs: dict | None) -> str:
    return ", ".join(f"{name} {logs[name]:.4f}" for name in SHOWN if name in logs) if logs else ""
