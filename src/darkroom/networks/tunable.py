"""A plain convolutional network whose every part is a hyperparameter."""

import math
from collections.abc import Callable

import keras
from keras import layers

from darkroom.networks import whitening
from darkroom.params import Model

GROUPS = 4  # of a grouped convolution, where it divides the channels of input and output


def tunable(x: keras.KerasTensor, hparams: Model) -> keras.KerasTensor:
    """Return features `(b, units)` of scaled images `(b, s, s, c)`.

    Blocks of convolutions, with a pooling after each and twice the filters in the next, follow VGG (Simonyan
    and Zisserman, 2014); with `residual` they follow ResNet-9 (Page, "How to train your ResNet", 2018), which
    has a convolution of half the filters before the first block. Batch norm before the activation follows Ioffe and
    Szegedy (2015).
    """
    if hparams.whitening:
        x = whitening.whitened(x)
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
    """Pool before the normalisation, not after it as in ResNet-9: that leaves it a quarter of the values."""
    x = branch = _activated(_pooled(_convolved(x, filters, hparams), hparams), hparams)
    for _ in range(hparams.convolutions - 1):
        branch = _activated(_convolved(branch, filters, hparams, padding="same"), hparams)
    return layers.Add()([x, branch]) if hparams.convolutions > 1 else x


def _pooled(x: keras.KerasTensor, hparams: Model) -> keras.KerasTensor:
    return (layers.MaxPooling2D if hparams.pooling == "max" else layers.AveragePooling2D)(2)(x)


def _convolved(x: keras.KerasTensor, filters: int, hparams: Model, padding: str = "") -> keras.KerasTensor:
    kind = _KINDS[hparams.convolution]
    return kind(x, filters, hparams.kernel, padding or hparams.padding, not hparams.batch_norm)


def _activated(x: keras.KerasTensor, hparams: Model) -> keras.KerasTensor:
    if hparams.batch_norm:
        x = layers.BatchNormalization(momentum=0.9)(x)  # 0.99 needs more steps than a small data set has
    return layers.Activation("relu")(x)


def _standard(x: keras.KerasTensor, filters: int, kernel: int, padding: str, bias: bool) -> keras.KerasTensor:
    return layers.Conv2D(filters, kernel, padding=padding, use_bias=bias)(x)


def _separable(x: keras.KerasTensor, filters: int, kernel: int, padding: str, bias: bool) -> keras.KerasTensor:
    """Separable in space: a column, then a row (Szegedy et al., 2016, section 3.2)."""
    x = layers.Conv2D(filters, (kernel, 1), padding=padding, use_bias=False)(x)
    return layers.Conv2D(filters, (1, kernel), padding=padding, use_bias=bias)(x)


def _depthwise(x: keras.KerasTensor, filters: int, kernel: int, padding: str, bias: bool) -> keras.KerasTensor:
    """Separable in depth: each channel on its own, then all by 1x1 (Chollet, 2017)."""
    return layers.SeparableConv2D(filters, kernel, padding=padding, use_bias=bias)(x)


def _dilated(x: keras.KerasTensor, filters: int, kernel: int, padding: str, bias: bool) -> keras.KerasTensor:
    """Every second pixel, so that the same weights cover twice the distance (Yu and Koltun, 2016)."""
    return layers.Conv2D(filters, kernel, padding=padding, use_bias=bias, dilation_rate=2)(x)


def _grouped(x: keras.KerasTensor, filters: int, kernel: int, padding: str, bias: bool) -> keras.KerasTensor:
    """Channels in groups that do not see each other (Krizhevsky et al., 2012)."""
    groups = GROUPS if x.shape[-1] % GROUPS == 0 and filters % GROUPS == 0 else 1
    return layers.Conv2D(filters, kernel, padding=padding, use_bias=bias, groups=groups)(x)


_KINDS: dict[str, Callable] = {
    "standard": _standard, "separable": _separable, "depthwise": _depthwise, "dilated": _dilated, "grouped": _grouped,
}  # fmt: skip
