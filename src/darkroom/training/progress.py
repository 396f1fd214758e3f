"""Show how far a training is: a bar on a terminal, elsewhere a line now and then, for a log is read later."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import keras

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

PAUSE = 30.0  # seconds between two lines of a log, at least
SHOWN = "loss", "val_loss", "val_accuracy"


@contextmanager
def shown(epochs: int, batches: int) -> Iterator[keras.callbacks.Callback]:
    """Yield the callback that shows a training of so many epochs, of so many batches each."""
    if not sys.stderr.isatty():
        yield _Lines(epochs)
        return
    from rich.console import Console  # only a terminal pays for it
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), TextColumn("{task.fields[scores]}")
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield _Bar(bar, bar.add_task("training", total=epochs * batches, scores=""), epochs, batches)


class _Lines(keras.callbacks.Callback):
    """Print a line as an epoch ends, where the last one is PAUSE seconds old."""

    def __init__(self, epochs: int):
        super().__init__()
        self.epochs, self.printed = epochs, time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if time.monotonic() - self.printed >= PAUSE:
            self.printed = time.monotonic()
            print(f"epoch {epoch + 1}/{self.epochs}: {_scores(logs)}", flush=True)


class _Bar(keras.callbacks.Callback):
    """Move a bar with every batch that is done."""

    def __init__(self, bar: "Progress", task: "TaskID", epochs: int, batches: int):
        super().__init__()
        self.bar, self.task, self.epochs, self.batches = bar, task, epochs, batches

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.epoch = epoch
        self.bar.update(self.task, description=f"epoch {epoch + 1}/{self.epochs}", completed=self.epoch * self.batches)

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        done = min(batch + 1, self.batches)  # Keras counts whole executions of several batches, beyond the last one
        self.bar.update(self.task, completed=self.epoch * self.batches + done)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.bar.update(self.task, scores=_scores(logs))


def _scores(logs: dict | None) -> str:
    return ", ".join(f"{name} {logs[name]:.4f}" for name in SHOWN if name in logs) if logs else ""
