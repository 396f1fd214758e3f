"""From a backbone to a model of the classes at hand, in the steps that its weights allow.

Pretrained: its features of every image are computed once, the best of a few heads is trained on them, and the
last layers follow if `fine_tune` says so and it helps. From random weights there is nothing to extract: the whole
network is trained like any other.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np

from darkroom.packed_data import Split
from darkroom.params import Augment, FineTune, Fit, Head, Optimization
from darkroom.runtime import files
from darkroom.training import fit
from darkroom.transfer_learning import backbones, features, finetune, head_training, weights
from darkroom.transfer_learning.backbones import Choice


class How(NamedTuple):
    """The values of params.yaml's `transfer` that say how to train."""

    copies: int
    head: Head
    optimization: Optimization
    fit: Fit
    fine_tune: FineTune


@dataclass(frozen=True)
class Made:
    """A network, a row an epoch of its training, the row it was kept at, and what run.json says of its making."""

    network: keras.Model
    rows: list[fit.Row]
    kept: fit.Row
    facts: dict


def train(
    chosen: Choice,
    base: keras.Model,
    source: str | None,
    train: Split,
    val: Split,
    *,
    config: How,
    augmented: Augment,
    seed: int,
    cache: Path,
    state: Path,
    on_epoch: fit.Watch,
) -> Made:
    """`base` with a new head, uint8 `(b, s, s, c)` to float32 `(b, k)`; `source` is None for random weights.

    A kill costs no more than the group of images or the epoch it fell into: features go to `cache` and the rest
    waits in `state`. `on_epoch(epoch, row)` is told of each epoch. Raises TrainingError (exit 7) when a loss is no
    longer finite.
    """
    common = {"augmented": augmented, "seed": seed, "on_epoch": on_epoch}
    if source is None:
        return _whole(chosen, base, train, val, config, state=state, **common)
    origin = {"source": source, "sha256": weights.digest(base)}  # before fine-tuning changes them
    known = looking(chosen, base, train.images.shape[1:], cache)
    seen = with_copies(known, train, augmented, seed=seed, copies=config.copies), plain(known, val)
    known.sweep()
    optimization = {"config": config.fit, "optimization": config.optimization, "seed": seed, "state": state / "head"}
    head, hparams, rows = head_training.search(*seen, tried=config.head, **optimization)
    for row in rows:
        on_epoch(int(row["epoch"]), row)
    network = head_training.joined(known.extractor, head)
    kept = fit.kept(rows, config.fit)
    more = _finer(network, base, train, val, kept["val_loss"], config, done=len(rows), state=state / "fine", **common)
    facts = {"pretrained": True, "weights": origin, "head": asdict(hparams), "fine_tuned": bool(more)}
    return Made(network, [*rows, *more], fit.best(more) if more else kept, facts)


def looking(chosen: Choice, base: keras.Model, shape: tuple[int, int, int], folder: Path) -> features.Cache:
    """The features that `base`, as it is now, gives of images uint8 `(n, *shape)`; kept in `folder`.

    From here on `base` is frozen, statistics too, so that it goes on giving them whatever is trained behind it.
    """
    base.trainable = False
    extractor = backbones.extractor(chosen, base, shape=shape)
    code = files.sha256(Path(backbones.__file__))
    identity = files.fingerprint(chosen.name, chosen.width, chosen.side, weights.digest(base), code)
    return features.Cache(extractor, folder, identity)


def with_copies(known: features.Cache, side: Split, augmented: Augment, *, seed: int, copies: int) -> Split:
    """`side` with features float32 `((1 + copies) n, d)` in place of images: theirs, then those of changed copies."""
    changed = [known.read(side.images, augmented, seed=seed, copy=i + 1) for i in range(copies)]
    times = 1 + copies
    found = np.concatenate([known.read(side.images), *changed])
    return replace(side, images=found, labels=np.tile(side.labels, times), paths=side.paths * times)


def plain(known: features.Cache, side: Split) -> Split:
    """`side` with features float32 `(n, d)` in place of images."""
    return replace(side, images=known.read(side.images))


def _whole(chosen: Choice, base: keras.Model, train: Split, val: Split, config: How, **common) -> Made:
    """All of `base` and the first of the heads, from random weights."""
    hparams = head_training.combinations(config.head)[0]
    extractor = backbones.extractor(chosen, base, shape=train.images.shape[1:])
    head = head_training.build(extractor.output_shape[-1], len(train.classes), hparams)
    network = head_training.joined(extractor, head)
    rows = fit.fit(network, train, val, config=config.fit, optimization=config.optimization, **common)
    facts = {"pretrained": False, "weights": None, "head": asdict(hparams), "fine_tuned": False}
    return Made(network, rows, fit.kept(rows, config.fit), facts)


def _finer(
    network, base, train: Split, val: Split, loss: float, config: How, *, done: int, on_epoch, **common
) -> list[fit.Row]:
    """Rows of the fine-tuning, if it is asked for and betters `loss`; their epochs count on from `done`."""
    if not config.fine_tune.layers:
        return []
    training = {"loss": loss, "tune": config.fine_tune, "config": config.fit, "optimization": config.optimization}
    common |= {"on_epoch": lambda epoch, row: on_epoch(done + epoch, row)}
    more = finetune.improve(network, base, train, val, **training, **common)
    return [{**row, "epoch": done + row["epoch"]} for row in more]
