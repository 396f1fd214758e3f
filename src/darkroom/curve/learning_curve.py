"""Networks that were trained with a part of the training images, to see what more images, or transfer, would buy.

A part is a fraction of each class, and a smaller part lies within a larger one. Validation images are always all of
them. A smaller part is given more epochs, by one over the square root of its share: with as many epochs it would get
too few steps to learn anything, with as many steps it would take as long as the whole.
The price: a training a share and network. Those of the backbone are heads on features that `transfer` left on disk,
so they are cheap; fine-tuning is left out.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from darkroom.networks import architectures
from darkroom.packed_data import Split
from darkroom.params import Augment, Fit, Model
from darkroom.saving import model_folder
from darkroom.training import device, fit
from darkroom.transfer_learning import head_training, transfer, weights
from darkroom.transfer_learning.backbones import Choice


@dataclass(frozen=True)
class Task:
    """What both kinds of network have in common; `state` is where an unfinished one goes on."""

    train: Split
    val: Split
    test: Split
    fractions: Sequence[float]
    augmented: Augment
    seed: int
    state: Path


class Point(NamedTuple):
    """A network that was trained with `images`, a `fraction` of all, is right on `hits` of the test images."""

    fraction: float
    images: int
    hits: int


def part(labels: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Rows int64, ascending, of `fraction` of each class of int64 `(n,)`, rounded up; part of a larger one's."""
    order = np.random.default_rng(seed).permutation(len(labels))
    classes = [order[labels[order] == label] for label in np.unique(labels)]
    return np.sort(np.concatenate([rows[: math.ceil(fraction * len(rows))] for rows in classes]))


def best(models: Path, names: Sequence[str]) -> str | None:
    """Of the model folders `names` in `models` the pretrained one with the highest accuracy on validation."""
    found = {}
    for name in names:
        facts, rows = model_folder.read_facts(models / name), model_folder.read_history(models / name)
        if facts["pretrained"]:
            found[name] = rows[facts["best_epoch"] - 1]["val_accuracy"]
    return max(found, key=found.__getitem__, default=None)


def scratch(hparams: Model, task: Task, *, config: Fit) -> Iterator[Point]:
    """The network of `hparams` from random weights, once a share.

    Raises TrainingError (exit 7) when a loss is no longer finite.
    """
    for fraction in task.fractions:
        train = _rows(task.train, part(task.train.labels, fraction, task.seed))
        device.repeatable(task.seed)
        device.compute_in(config.precision)
        network = architectures.build(
            hparams, shape=train.images.shape[1:], classes=len(train.classes), spec=train.spec
        )
        place = task.state / "scratch" / f"{fraction:g}"
        common = {"augmented": task.augmented, "seed": task.seed, "state": place, "on_epoch": lambda *_: None}
        fit.fit(network, train, task.val, config=_longer(config, fraction), optimization=hparams, **common)
        judged = architectures.finished(network, hparams)
        yield Point(fraction, len(train.labels), _hits(judged, task.test.images, task.test.labels))


def pretrained(chosen: Choice, base: keras.Model, task: Task, *, config: transfer.How, cache: Path) -> Iterator[Point]:
    """The best head on the frozen `base`, once a share; `cache` is where `transfer.train` keeps the features.

    Raises TrainingError (exit 7) when a loss is no longer finite.
    """
    known = transfer.looking(chosen, base, task.train.images.shape[1:], cache)
    seen = transfer.with_copies(known, task.train, task.augmented, seed=task.seed, copies=config.copies)
    val, tested = transfer.plain(known, task.val), known.read(task.test.images)
    for fraction in task.fractions:
        rows = part(task.train.labels, fraction, task.seed)
        train = _rows(seen, np.concatenate([rows + i * len(task.train.labels) for i in range(1 + config.copies)]))
        place = task.state / weights.digest(base) / f"{fraction:g}"
        common = {"tried": config.head, "optimization": config.optimization, "seed": task.seed, "state": place}
        head, *_ = head_training.search(train, val, config=_longer(config.fit, fraction), **common)
        yield Point(fraction, len(rows), _hits(head, tested, task.test.labels))


def _longer(config: Fit, fraction: float) -> Fit:
    times = 1 / math.sqrt(fraction)
    more = {"epochs": math.ceil(config.epochs * times), "patience": math.ceil(config.patience * times)}
    return Fit.model_validate({**config.model_dump(), **more})


def _rows(side: Split, rows: np.ndarray) -> Split:
    paths = tuple(side.paths[row] for row in rows)
    return replace(side, images=np.asarray(side.images[rows]), labels=np.asarray(side.labels)[rows], paths=paths)


def _hits(network: keras.Model, images: np.ndarray, labels: np.ndarray) -> int:
    return int((network.predict(np.asarray(images), verbose=0).argmax(1) == np.asarray(labels)).sum())
