"""EfficientNet-Lite0: EfficientNet-B0 (Tan and Le, 2019, table 1) without squeeze-and-excitation and with ReLU6.

Layers, their order and their padding are those of TensorFlow's tpu/models/official/efficientnet/lite, on which the
published weights were trained; strided convolutions therefore pad as TensorFlow's `same` does, more at the end. Left
out is stochastic depth, which matters only where the whole network is trained from random weights.
"""

from typing import NamedTuple

import keras
from keras import layers

STEM, TOP = 32, 1280  # channels
EPSILON = 1e-3  # of batch norm


class Stage(NamedTuple):
    """`blocks` inverted residual blocks in a row; `stride` is that of the first, `expansion` multiplies channels."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STAGES = (
    Stage(blocks=1, kernel=3, stride=1, expansion=1, channels=16),
    Stage(blocks=2, kernel=3, stride=2, expansion=6, channels=24),
    Stage(blocks=2, kernel=5, stride=2, expansion=6, channels=40),
    Stage(blocks=3, kernel=3, stride=2, expansion=6, channels=80),
    Stage(blocks=3, kernel=5, stride=1, expansion=6, channels=112),
    Stage(blocks=4, kernel=5, stride=2, expansion=6, channels=192),
    Stage(blocks=1, kernel=3, stride=1, expansion=6, channels=320),
)


def efficientnet_lite0(
    *, weights: None, input_shape: tuple[int, int, int], include_top: bool, classes: int = 1000
) -> keras.Model:
    """Build it as the functions of `keras.applications` do: float `(b, s, s, 3)` of -1 to 1, with random weights.

    It gives float `(b, s / 32, s / 32, 1280)`, or with `include_top` probabilities `(b, classes)`.
    """
    inputs = keras.Input(input_shape)
    x = _activated(layers.Conv2D(STEM, 3, strides=2, padding="same", use_bias=False, name="stem")(inputs), "stem")
    for i, stage in enumerate(STAGES, 1):
        for j in range(stage.blocks):
            x = _block(x, stage, stage.stride if j == 0 else 1, f"block{i}{'abcd'[j]}")
    x = _activated(layers.Conv2D(TOP, 1, use_bias=False, name="top")(x), "top")
    if include_top:
        x = layers.GlobalAveragePooling2D(name="pool")(x)
        x = layers.Dense(classes, activation="softmax", dtype="float32", name="predictions")(x)
    return keras.Model(inputs, x, name="efficientnet_lite0")


def _block(inputs: keras.KerasTensor, stage: Stage, stride: int, name: str) -> keras.KerasTensor:
    """Expand the channels, convolve each of them, project them to fewer; with a way past where the shape stays."""
    x, channels = inputs, inputs.shape[-1]
    if stage.expansion > 1:
        x = layers.Conv2D(channels * stage.expansion, 1, use_bias=False, name=f"{name}_expand")(x)
        x = _activated(x, f"{name}_expand")
    depthwise = layers.DepthwiseConv2D(stage.kernel, stride, padding="same", use_bias=False, name=f"{name}_depthwise")
    x = _activated(depthwise(x), f"{name}_depthwise")
    x = layers.Conv2D(stage.channels, 1, use_bias=False, name=f"{name}_project")(x)
    x = layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_project_norm")(x)
    return layers.Add(name=f"{name}_add")([x, inputs]) if x.shape == inputs.shape else x


def _activated(x: keras.KerasTensor, name: str) -> keras.KerasTensor:
    x = layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_norm")(x)
    return layers.ReLU(6.0, name=f"{name}_relu6")(x)
