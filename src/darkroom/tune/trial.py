"""One trial of a search, as a worker process trains it."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import psutil

from darkroom import packed_data
from darkroom.networks import architectures
from darkroom.params import Augment, Fit, Model
from darkroom.training import device, fit
from darkroom.workers import parallel

ROOM = 3 << 30  # bytes of memory a worker may need


class Task(NamedTuple):
    """Train `hparams` up to `epochs` of the `config.epochs` its schedule is made for; `state` is where it goes on."""

    packed: Path
    hparams: Model
    config: Fit
    epochs: int
    augmented: Augment
    seed: int
    state: Path


def attempt(task: Task, tell: Callable[[tuple[int, fit.Row]], None]) -> dict:
    """epochs, val_loss, val_accuracy and curve (a row an epoch). `tell` hears (epoch, row) as each epoch ends."""
    train, val = (_side(task.packed, side) for side in ("train", "val"))
    device.repeatable(task.seed)
    device.compute_in(task.config.precision)
    network = architectures.build(
        task.hparams, shape=train.images.shape[1:], classes=len(train.classes), spec=train.spec
    )
    rows = fit.fit(
        network,
        train,
        val,
        config=task.config,
        optimization=task.hparams,
        augmented=task.augmented,
        seed=task.seed,
        state=task.state,
        on_epoch=lambda epoch, row: tell((epoch, row)),
        until=task.epochs,
        verbose=0,
    )
    kept = fit.kept(rows, task.config)
    scores = {"val_loss": kept["val_loss"], "val_accuracy": kept["val_accuracy"]}
    return {"epochs": len(rows), **scores, "curve": rows}


def workers(wanted: int | str, trials: int) -> int:
    """`wanted`, or for `auto` one a GPU, or without any one a processor as long as memory lasts."""
    if wanted != "auto":
        return min(int(wanted), trials)
    memory = psutil.virtual_memory().available // ROOM
    return max(1, min(len(device.gpus()) or min(parallel.processors(), memory), trials))


def start(seat: int, *, workers: int, gpus: int) -> None:
    """Give the worker of this `seat` its GPU, or its share of the processors."""
    if gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = str(seat % gpus)
    else:
        device.threads(max(1, parallel.processors() // workers))


@cache
def _side(packed: Path, side: str) -> packed_data.Split:
    return packed_data.read(packed).split(side)
