"""One trial of a search, as a worker process trains it."""

import math
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypedDict

import psutil

from darkroom.networks import recipe
from darkroom.params import Augment, Fit, Model, Tune
from darkroom.runtime import backends
from darkroom.training import device
from darkroom.training.session import Row, Session, TrainingData
from darkroom.workers import parallel

WORKER_MEMORY = 3 << 30  # bytes that a worker may need


class Setup(NamedTuple):
    """What the trials of a search have in common."""

    packed: Path
    augment: Augment
    seed: int


class Task(NamedTuple):
    """Train `hparams` up to `epochs` of the `config.epochs` its schedule is made for; it resumes from `state`."""

    setup: Setup
    hparams: Model
    config: Fit
    epochs: int
    state: Path


class Result(TypedDict):
    """What became of a trial; the scores are those of the epoch to keep, None when it failed."""

    status: str  # COMPLETED or FAILED
    epochs: int
    val_loss: float | None
    val_accuracy: float | None
    curve: list[Row]
    error: str


def attempt(task: Task, send: Callable[[tuple[int, Row]], None]) -> Result:
    """Train the network of a trial. `send` is given (epoch, row) as each epoch ends."""
    session = Session(
        task.setup.seed, task.state, on_epoch=lambda epoch, row: send((epoch, row)), until=task.epochs, quiet=True
    )
    trained = recipe.train_network(task.hparams, _data(task.setup.packed), task.config, task.setup.augment, session)
    return Result(
        status="COMPLETED",
        epochs=len(trained.rows),
        val_loss=trained.best["val_loss"],
        val_accuracy=trained.best["val_accuracy"],
        curve=trained.rows,
        error="",
    )


def failed(error: str) -> Result:
    return Result(status="FAILED", epochs=0, val_loss=None, val_accuracy=None, curve=[], error=error)


def workers(config: Tune, gpus: int) -> int:
    """The number of workers; for `auto` as many as the GPUs take, or one per processor as far as memory allows."""
    if config.workers != "auto":
        return min(int(config.workers), config.trials)
    memory = psutil.virtual_memory().available // WORKER_MEMORY
    return max(1, min(gpus * config.trials_per_gpu or min(parallel.processors(), memory), config.trials))


def start(worker_id: int, *, workers: int, gpus: int) -> None:
    """Give a worker its GPU, and its part of that if there are more workers, or its part of the processors."""
    if gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = str(worker_id % gpus)
        backends.share_gpu(math.ceil(workers / gpus))
    else:
        device.limit_threads(max(1, parallel.processors() // workers))


@cache
def _data(packed: Path) -> TrainingData:
    return TrainingData.read(packed)
