"""A plain convolutional network, every part of it a hyperparameter."""

import math
from collections.abc import Callable

import keras
from keras import layers

from darkroom.params import Model

GROUPS = 4  # of a grouped convolution, where both sides can be divided by it


def tunable(x: keras.KerasTensor, hparams: Model) -> keras.KerasTensor:
    """Features `(b, units)` of scaled images `(b, s, s, c)`.

    Blocks of convolutions with a pooling after each and twice the filters in the next are VGG's plan (Simonyan
    and Zisserman, 2014); with `residual` they are that of ResNet-9 (Page, "How to train your ResNet", 2018), which
    has a convolution of half the filters before the first block. Batch norm before the activation is Ioffe and
    Szegedy's (2015).
    """
    if hparams.residual:
        x = _activated(_convolved(x, math.ceil(hparams.filters / 2), hparams), hparams)
    for block in range(hparams.blocks):
        x = (_residual if hparams.residual else _plain)(x, hparams.filters * 2**block, hparams)
    x = layers.Flatten()(x) if hparams.head == "flatten" else layers.GlobalAveragePooling2D()(x)
    if hparams.dense:
        x = layers.Dense(hparams.dense, activation="relu")(x)
    return layers.Dropout(hparams.dropout)(x)


def _plain(x: keras.KerasTensor, filters: int, hparams: Model) -> keras.KerasTensor:
    for _ in range(hparams.convolutions):
        x = _activated(_convolved(x, filters, hparams), hparams)
    return _pooled(x, hparams)


def _residual(x: keras.KerasTensor, filters: int, hparams: Model) -> keras.KerasTensor:
    """Pooled before it is normalised, not after as in ResNet-9: that leaves a quarter of the values to work on."""
    x = branch = _activated(_pooled(_convolved(x, filters, hparams), hparams), hparams)
    for _ in range(hparams.convolutions - 1):
        branch = _activated(_convolved(branch, filters, hparams, padding="same"), hparams)
    return layers.Add()([x, branch]) if hparams.convolutions > 1 else x


def _pooled(x: keras.KerasTensor, hparams: Model) -> keras.KerasTensor:
    return (layers.MaxPooling2D if hparams.pooling == "max" else layers.AveragePooling2D)(2)(x)


def _convolved(x: keras.KerasTensor, filters: int, hparams: Model, padding: str = "") -> keras.KerasTensor:
    common = {"padding": padding or hparams.padding, "use_bias": not hparams.batch_norm}
    return _KINDS[hparams.convolution](x, filters, hparams.kernel, common)


def _activated(x: keras.KerasTensor, hparams: Model) -> keras.KerasTensor:
    if hparams.batch_norm:
        x = layers.BatchNormalization(momentum=0.9)(x)  # 0.99 needs more steps than a small data set has
    return layers.Activation("relu")(x)


def _standard(x: keras.KerasTensor, filters: int, kernel: int, common: dict) -> keras.KerasTensor:
    return layers.Conv2D(filters, kernel, **common)(x)


def _separable(x: keras.KerasTensor, filters: int, kernel: int, common: dict) -> keras.KerasTensor:
    """Separable in space: a column, then a row (Szegedy et al., 2016, section 3.2)."""
    x = layers.Conv2D(filters, (kernel, 1), padding=common["padding"], use_bias=False)(x)
    return layers.Conv2D(filters, (1, kernel), **common)(x)


def _depthwise(x: keras.KerasTensor, filters: int, kernel: int, common: dict) -> keras.KerasTensor:
    """Separable in depth: each channel on its own, then all by 1x1 (Chollet, 2017)."""
    return layers.SeparableConv2D(filters, kernel, **common)(x)


def _dilated(x: keras.KerasTensor, filters: int, kernel: int, common: dict) -> keras.KerasTensor:
    """Every second pixel, so that the same weights see twice as far (Yu and Koltun, 2016)."""
    return layers.Conv2D(filters, kernel, dilation_rate=2, **common)(x)


def _grouped(x: keras.KerasTensor, filters: int, kernel: int, common: dict) -> keras.KerasTensor:
    """Channels in groups that do not see each other (Krizhevsky et al., 2012)."""
    groups = GROUPS if x.shape[-1] % GROUPS == 0 and filters % GROUPS == 0 else 1
    return layers.Conv2D(filters, kernel, groups=groups, **common)(x)


_KINDS: dict[str, Callable] = {
    "standard": _standard, "separable": _separable, "depthwise": _depthwise, "dilated": _dilated, "grouped": _grouped,
}  # fmt: skip
