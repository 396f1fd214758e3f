"""The trainings behind a learning curve."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from darkroom import packed_data
from darkroom.curve.points import CurveConfig, CurvePaths, Point
from darkroom.networks import recipe, tuned
from darkroom.packed_data import Split
from darkroom.params import Fit, Model
from darkroom.saving import model_folder
from darkroom.training import checkpoint
from darkroom.training.session import Session, TrainingData
from darkroom.transfer_learning import head_training, transfer, weights
from darkroom.transfer_learning.features import FeatureCache
from darkroom.transfer_learning.weights import Base


class Splits(NamedTuple):
    train: Split
    val: Split
    test: Split


def measure(config: CurveConfig, paths: CurvePaths, code: Sequence[str]) -> list[Point]:
    """All points, those of the tuned network first. See `learning_curve.measure`."""
    packed = packed_data.read(paths.packed)
    splits = Splits(packed.split("train"), packed.split("val"), packed.split("test"))
    hparams = tuned.hyperparameters(paths.best)
    parts = hparams, config.train, config.augment, config.seed, *config.transfer
    state = checkpoint.resume_dir(paths.cache / "curve", paths.packed, *parts, code=code)
    session = Session(config.seed, state)
    points = list(from_scratch(hparams, splits, config, session))
    if name := best_backbone(paths.models, config.backbones):
        base = transfer.load_base(name, config.transfer, paths.weights, seed=config.seed)
        if base.source:  # transfer found the weights, but they may be gone since
            shape = splits.train.images.shape[1:]
            cached = transfer.feature_cache(base, shape, paths.cache / "features" / name)
            points += pretrained(base, cached, splits, config, session)
    checkpoint.clear(state)
    return points


def best_backbone(models: Path, names: Sequence[str]) -> str | None:
    """Of the model folders `names` in `models`, the pretrained one with the highest validation accuracy."""
    accuracies = {}
    for name in names:
        facts, rows = model_folder.read_facts(models / name), model_folder.read_history(models / name)
        if facts["pretrained"]:
            accuracies[name] = rows[facts["best_epoch"] - 1]["val_accuracy"]
    return max(accuracies, key=accuracies.__getitem__, default=None)


def subset(labels: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Rows int64, ascending, of a `fraction` of each class of int64 `(n,)`, rounded up; a subset of larger ones'."""
    order = np.random.default_rng(seed).permutation(len(labels))
    classes = [order[labels[order] == label] for label in np.unique(labels)]
    return np.sort(np.concatenate([rows[: math.ceil(fraction * len(rows))] for rows in classes]))


def from_scratch(hparams: Model, splits: Splits, config: CurveConfig, session: Session) -> Iterator[Point]:
    """The network of `hparams`, from random weights, once per fraction."""
    for fraction in config.fractions:
        rows = subset(splits.train.labels, fraction, session.seed)
        data = TrainingData(_rows(splits.train, rows), splits.val)
        longer = _longer(config.train, fraction)
        part = session.within("scratch").within(f"{fraction:g}")
        trained = recipe.train_network(hparams, data, longer, config.augment, part)
        correct = _count_correct(trained.network, splits.test.images, splits.test.labels)
        yield _point("cnn", fraction, len(rows), correct, len(splits.test.labels))


def pretrained(
    base: Base, cached: FeatureCache, splits: Splits, config: CurveConfig, session: Session
) -> Iterator[Point]:
    """The best head on the frozen `base`, once per fraction; `cached` holds the features."""
    n, transfer_config, seed = len(splits.train.labels), config.transfer, session.seed
    train = transfer.with_copies(cached, splits.train, config.augment, seed=seed, copies=transfer_config.copies)
    val, test = transfer.without_copies(cached, splits.val), cached.read(splits.test.images)
    for fraction in config.fractions:
        rows = subset(splits.train.labels, fraction, seed)
        with_copies = np.concatenate([rows + i * n for i in range(1 + transfer_config.copies)])
        data = TrainingData(_rows(train, with_copies), val)
        part = session.within(weights.digest(base.network)).within(f"{fraction:g}")
        longer = _longer(transfer_config.fit, fraction)
        head = head_training.search(data, transfer_config.head, longer, transfer_config.optimization, part)
        correct = _count_correct(head.network, test, splits.test.labels)
        yield _point(base.choice.name, fraction, len(rows), correct, len(test))


def _point(model: str, fraction: float, images: int, correct: int, test_images: int) -> Point:
    accuracy = correct / test_images
    return Point(
        model=model, fraction=fraction, images=images, correct=correct, test_images=test_images, accuracy=accuracy
    )


def _longer(config: Fit, fraction: float) -> Fit:
    epochs, patience = (math.ceil(count / math.sqrt(fraction)) for count in (config.epochs, config.patience))
    return config.model_copy(update={"epochs": epochs, "patience": patience})


def _rows(split: Split, rows: np.ndarray) -> Split:
    return replace(
        split,
        images=np.asarray(split.images[rows]),
        labels=np.asarray(split.labels)[rows],
        paths=tuple(split.paths[row] for row in rows),
        clusters=split.clusters[rows],
    )


def _count_correct(network: keras.Model, images: np.ndarray, labels: np.ndarray) -> int:
    return int((network.predict(np.asarray(images), verbose=0).argmax(1) == np.asarray(labels)).sum())
