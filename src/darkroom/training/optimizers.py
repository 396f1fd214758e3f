"""How the weights go down the slope of the loss: optimizer, schedule, and the weight of each class."""

import keras
import numpy as np

from darkroom.params import Optimization
from darkroom.training import device

MOMENTUM = 0.9  # of SGD, the value of the MNIST course
WARM_UP = {"cosine": 0.05, "one_cycle": 0.3}  # share of all steps; 0.3 is that of Smith and Topin (2018) in fastai
START = {"cosine": 1 / 10, "one_cycle": 1 / 25}  # share of the highest rate at the first step


def optimizer(config: Optimization, steps: int) -> keras.optimizers.Optimizer:
    """Of `steps` steps in all. Weight decay is decoupled (Loshchilov and Hutter, 2019), whatever the optimizer."""
    ema = {"use_ema": True, "ema_momentum": config.ema} if config.ema else {}
    common = {"learning_rate": rate(config, steps), "weight_decay": config.weight_decay or None, **ema}
    if config.optimizer == "sgd":
        return keras.optimizers.SGD(momentum=MOMENTUM, **common)
    if config.optimizer == "adamw":
        return device.in_one_pass(keras.optimizers.AdamW)(**{**common, "weight_decay": config.weight_decay})
    return device.in_one_pass(keras.optimizers.Adam)(**common)


def rate(config: Optimization, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
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
    """The optimizer with its own variables made. Biases and batch norm are vectors and do not decay."""
    built = optimizer(config, steps)
    if config.weight_decay:
        built.exclude_from_weight_decay(var_list=[v for v in variables if len(v.shape) < 2])
    built.build(variables)
    return built


def class_weights(config: Optimization, labels: np.ndarray, classes: int) -> dict[int, float] | None:
    """n / (k times the class's count), so that each class weighs the same; 0 for a class without an image."""
    if config.class_weights == "none":
        return None
    counts = np.bincount(labels, minlength=classes)
    return {i: len(labels) / (classes * count) if count else 0.0 for i, count in enumerate(counts.tolist())}
