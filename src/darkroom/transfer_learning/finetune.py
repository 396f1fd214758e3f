"""Let the last layers of a backbone follow the images at hand, a little, and only if that helps.

Batch norm stays frozen, statistics and scale: a batch of few images would overwrite what ImageNet's millions said.
"""

from pathlib import Path

import keras
from keras import layers

from darkroom.packed_data import Split
from darkroom.params import Augment, FineTune, Fit, Optimization
from darkroom.training import fit

WITH_KERNEL = (layers.Conv1D, layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D, layers.Dense)


def improve(
    network: keras.Model,
    base: keras.Model,
    train: Split,
    val: Split,
    *,
    loss: float,
    tune: FineTune,
    config: Fit,
    optimization: Optimization,
    augmented: Augment,
    seed: int,
    state: Path,
    on_epoch: fit.Watch,
) -> list[fit.Row]:
    """Train the last `tune.layers` of `base`, a part of `network`, and the head; a row an epoch.

    `loss` is the validation loss to beat. When no epoch beats it the weights are what they were, and there are no
    rows. Goes on from `state`. Raises TrainingError (exit 7) when the loss is no longer finite.
    """
    before = network.get_weights()
    unfreeze(base, tune.layers)
    gently = Optimization.model_validate({**optimization.model_dump(), "learning_rate": tune.learning_rate})
    brief = {"epochs": tune.epochs, "patience": tune.patience, "keep": "best"}
    short = Fit.model_validate({**config.model_dump(), **brief})
    common = {"augmented": augmented, "seed": seed, "state": state, "on_epoch": on_epoch}
    rows = fit.fit(network, train, val, config=short, optimization=gently, **common)
    if fit.best(rows)["val_loss"] < loss:
        return rows
    network.set_weights(before)
    base.trainable = False
    return []


def unfreeze(base: keras.Model, count: int) -> None:
    """Make the last `count` layers with a kernel trainable, and nothing else of `base`."""
    top = [layer for layer in base.layers if isinstance(layer, WITH_KERNEL)][-count:]
    base.trainable = True
    for layer in base.layers:
        layer.trainable = layer in top
