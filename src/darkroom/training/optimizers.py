"""How the loss is minimised: optimizer, learning-rate schedule, and the weight of each class."""

from collections.abc import Callable
from functools import partial

import keras
import numpy as np

from darkroom.params import Optimization
from darkroom.training import device

MOMENTUM = 0.9  # of SGD, the value of the MNIST course
EMA_UNUSED = 0.99  # what Keras wants for a momentum where there is no average
WARM_UP = {"cosine": 0.05, "one_cycle": 0.3}  # fraction of all steps; 0.3 is that of Smith and Topin (2018) in fastai
START = {"cosine": 1 / 10, "one_cycle": 1 / 25}  # the learning rate of the first step, as a fraction of the highest


def optimizer(config: Optimization, steps: int) -> keras.optimizers.Optimizer:
    """For `steps` steps in all. Weight decay is decoupled (Loshchilov and Hutter, 2019), whatever the optimizer."""
    kinds: dict[str, Callable[..., keras.optimizers.Optimizer]] = {
        "sgd": partial(keras.optimizers.SGD, momentum=MOMENTUM),
        "nesterov": partial(keras.optimizers.SGD, momentum=MOMENTUM, nesterov=True),
        "adam": device.fused(keras.optimizers.Adam),
        "adamw": device.fused(keras.optimizers.AdamW),
    }
    return kinds[config.optimizer](
        learning_rate=learning_rate(config, steps),
        weight_decay=config.weight_decay if config.optimizer == "adamw" else config.weight_decay or None,
        use_ema=bool(config.ema),
        ema_momentum=config.ema or EMA_UNUSED,
    )


def learning_rate(config: Optimization, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """The learning rate, or its schedule: it rises linearly for the warm-up, then falls to zero along a cosine."""
    if config.schedule == "constant":
        return config.learning_rate
    warm_up = max(1, int(WARM_UP[config.schedule] * steps))
    return keras.optimizers.schedules.CosineDecay(
        config.learning_rate * START[config.schedule],
        max(1, steps - warm_up),
        warmup_target=config.learning_rate,
        warmup_steps=warm_up,
    )


def build(config: Optimization, steps: int, variables: list) -> keras.optimizers.Optimizer:
    """The optimizer, built for `variables`. Biases and batch norm are vectors and do not decay."""
    built = optimizer(config, steps)
    if config.weight_decay:
        built.exclude_from_weight_decay(var_list=[v for v in variables if len(v.shape) < 2])
    built.build(variables)
    return built


def class_weights(config: Optimization, labels: np.ndarray, classes: int) -> dict[int, float] | None:
    """n / (k times the count of the class), so that each class weighs the same; 0 for a class without an image."""
    if config.class_weights == "none":
        return None
    counts = np.bincount(labels, minlength=classes)
    return {i: len(labels) / (classes * count) if count else 0.0 for i, count in enumerate(counts.tolist())}
