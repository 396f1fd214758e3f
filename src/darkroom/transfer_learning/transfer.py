"""From a backbone to a model of the classes at hand, in the steps that its weights allow.

Pretrained: its features of every image are computed once, the best of a few heads is trained on them, and the
last layers follow if `fine_tune` says so and it helps. From random weights there is nothing to extract: the whole
network is trained like any other.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from darkroom import params
from darkroom.packed_data import Split
from darkroom.params import Augment
from darkroom.runtime import files
from darkroom.training import checkpoint, device, fit
from darkroom.training.fit import TrainedModel
from darkroom.training.session import Session, TrainingData
from darkroom.transfer_learning import (
    backbones,
    efficientnet_lite,
    features,
    finetune,
    head_training,
    resizing,
    weights,
)
from darkroom.transfer_learning.config import TransferConfig
from darkroom.transfer_learning.features import FeatureCache
from darkroom.transfer_learning.weights import Base


@dataclass(frozen=True)
class TransferredModel(TrainedModel):
    """A trained model in float32, and how it was made."""

    weights: dict[str, str] | None  # `source` and `sha256` of the pretrained weights
    head: dict[str, object]  # its hyperparameters
    fine_tuned: bool

    @property
    def pretrained(self) -> bool:
        return self.weights is not None


def load_base(name: str, config: TransferConfig, folder: Path, *, seed: int) -> Base:
    """Set the precision and the seed, build the backbone `name` and load its weights, those of `folder` if asked for.

    Raises as `backbones.choose` and `weights.load` do.
    """
    device.compute_in(config.fit.precision, depthwise=True)
    device.make_repeatable(seed)
    choice = backbones.choose(name, width=config.width, size=config.input_size)
    return weights.load(choice, config.weights, folder)


def identity(base: Base) -> tuple[str | float | None, ...]:
    """What an outcome follows from: name, width and size of the backbone, source and digest of its weights."""
    return base.choice.name, base.choice.width, base.choice.size, base.source, weights.digest(base.network)


def settings(base: Base, config: TransferConfig, augment: Augment) -> dict[str, object]:
    """The values that `base` is trained with, under their names in params.yaml: what `auto` stands for is filled in."""
    transfer: dict[str, object] = {**config._asdict(), "width": base.choice.width, "input_size": base.choice.size}
    del transfer["weights"]  # the facts say which were used
    values = params.flat({"transfer": transfer, "augment": augment})
    return values | {"transfer.fit.precision": base.precision}


def train(
    base: Base, data: TrainingData, config: TransferConfig, session: Session, augment: Augment, cache: Path
) -> TransferredModel:
    """Train a new head on `base`: uint8 `(b, s, s, c)` to float32 `(b, k)`.

    A kill costs no more than the group of images or the epoch it fell into: features are cached in `cache`, and the
    rest resumes from `session.state`. Raises TrainingError (exit 7) when a loss is no longer finite.
    """
    if base.source is None:
        return _train_all(base, data, config, session, augment)
    origin = {"source": base.source, "sha256": weights.digest(base.network)}  # before fine-tuning changes them
    cached = feature_cache(base, data.train.images.shape[1:], cache)
    seen = TrainingData(
        with_copies(cached, data.train, augment, seed=session.seed, copies=config.copies),
        without_copies(cached, data.val),
    )
    cached.sweep()
    head = head_training.search(seen, config.head, config.fit, config.optimization, session.within("head"))
    for row in head.rows:
        session.on_epoch(int(row["epoch"]), row)
    joined = TrainedModel(head_training.joined(cached.extractor, head.network), head.rows, head.best)
    model = finetune.improve(joined, base.network, data, config, session.within("fine"), augment)
    network = device.in_float32(model.network)
    return TransferredModel(network, model.rows, model.best, origin, asdict(head.hparams), model is not joined)


def feature_cache(base: Base, shape: tuple[int, int, int], folder: Path) -> FeatureCache:
    """The features that `base`, as it is now, gives of images uint8 `(n, *shape)`; cached in `folder`.

    From here on `base` is frozen, statistics too, so that its features stay the same whatever is trained behind it.
    """
    base.network.trainable = False
    extractor = backbones.extractor(base.choice, base.network, shape=shape)
    sources = backbones.__file__, efficientnet_lite.__file__, resizing.__file__
    code = [files.sha256(Path(source)) for source in sources]
    choice = base.choice
    identity = files.fingerprint(choice.name, choice.width, choice.size, weights.digest(base.network), code)
    return features.FeatureCache(extractor, folder, identity)


def with_copies(cached: FeatureCache, split: Split, augment: Augment, *, seed: int, copies: int) -> Split:
    """`split` with features float32 `((1 + copies) n, d)` for images: of the originals, then of each changed copy."""
    changed = [cached.read(split.images, augment, seed=seed, copy=i + 1) for i in range(copies)]
    times = 1 + copies
    rows = np.concatenate([cached.read(split.images), *changed])
    return replace(
        split,
        images=rows,
        labels=np.tile(split.labels, times),
        paths=split.paths * times,
        clusters=np.tile(split.clusters, times),
    )


def without_copies(cached: FeatureCache, split: Split) -> Split:
    """`split` with features float32 `(n, d)` for images."""
    return replace(split, images=cached.read(split.images))


def _train_all(
    base: Base, data: TrainingData, config: TransferConfig, session: Session, augment: Augment
) -> TransferredModel:
    """Train all of `base` and the first of the heads, from random weights."""
    hparams = head_training.combinations(config.head)[0]
    extractor = backbones.extractor(base.choice, base.network, shape=data.train.images.shape[1:])
    head = head_training.build(extractor.output_shape[-1], len(data.train.classes), hparams)
    network = head_training.joined(extractor, head)
    rows = fit.fit(network, data, config.fit, config.optimization, session, augment)
    best, network = checkpoint.best_or_last(rows, config.fit), device.in_float32(network)
    return TransferredModel(network, rows, best, weights=None, head=asdict(hparams), fine_tuned=False)
