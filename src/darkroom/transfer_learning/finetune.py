"""Fine-tune the last layers of a backbone on the images at hand, and only if that helps.

Batch norm stays frozen, statistics and scale: a batch of few images would overwrite what was learned from ImageNet's
millions.
"""

from dataclasses import replace

import keras
from keras import layers

from darkroom.params import Augment, Fit, Optimization
from darkroom.training import checkpoint, fit
from darkroom.training.fit import TrainedModel
from darkroom.training.session import OnEpoch, Row, Session, TrainingData
from darkroom.transfer_learning.config import TransferConfig

WITH_KERNEL = (layers.Conv1D, layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D, layers.Dense)


def improve(
    model: TrainedModel,
    base: keras.Model,
    data: TrainingData,
    config: TransferConfig,
    session: Session,
    augment: Augment,
) -> TrainedModel:
    """Train the last `config.fine_tune.layers` of `base`, a part of the network of `model`, and the head.

    Its epochs count on from those of `model`. When none has a lower validation loss than `model`, or there are no
    layers to train, `model` is returned as it was. Resumes from `session.state`. Raises TrainingError (exit 7) when
    the loss is no longer finite.
    """
    if not config.fine_tune.layers:
        return model
    network, done = model.network, len(model.rows)
    weights = network.get_weights()
    unfreeze(base, config.fine_tune.layers)
    session = replace(session, on_epoch=_counting_on(session, done))
    rows = fit.fit(network, data, _fit(config), _optimization(config), session, augment)
    if checkpoint.best(rows)["val_loss"] < model.best["val_loss"]:
        rows = [_counted_on(row, done) for row in rows]
        return TrainedModel(network, [*model.rows, *rows], checkpoint.best(rows))
    network.set_weights(weights)
    base.trainable = False
    return model


def unfreeze(base: keras.Model, count: int) -> None:
    """Make the last `count` layers with a kernel trainable, and nothing else of `base`."""
    top = [layer for layer in base.layers if isinstance(layer, WITH_KERNEL)][-count:]
    base.trainable = True
    for layer in base.layers:
        layer.trainable = layer in top


def _fit(config: TransferConfig) -> Fit:
    epochs, patience = config.fine_tune.epochs, config.fine_tune.patience
    return config.fit.model_copy(update={"epochs": epochs, "patience": patience, "keep": "best"})


def _optimization(config: TransferConfig) -> Optimization:
    return config.optimization.model_copy(update={"learning_rate": config.fine_tune.learning_rate})


def _counting_on(session: Session, done: int) -> OnEpoch:
    return lambda epoch, row: session.on_epoch(done + epoch, row)


def _counted_on(row: Row, done: int) -> Row:
    return row | {"epoch": done + row["epoch"]}
