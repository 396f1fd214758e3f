"""The networks that are trained from random weights. Each eats raw uint8 and ends in probabilities."""

import keras
from keras import layers

from darkroom.params import Model


def tunable(knobs: Model, *, shape: tuple[int, int, int], classes: int) -> keras.Model:
    """A plain convolutional network, every part of it a knob.

    Input uint8 `(b, s, s, c)`, output float32 `(b, k)`, rows that sum to 1. Blocks of 3x3 convolutions with
    a pooling after each and twice the filters in the next is VGG's plan (Simonyan and Zisserman, 2014);
    batch norm before the activation is Ioffe and Szegedy's (2015).
    """
    pixels = keras.Input(shape, dtype="uint8", name="pixels")
    x = layers.Rescaling(1 / 255)(pixels)
    for block in range(knobs.blocks):
        for _ in range(knobs.convolutions):
            x = _convolution(x, knobs.filters * 2**block, knobs)
        x = layers.MaxPooling2D(2)(x)
    x = layers.Flatten()(x) if knobs.head == "flatten" else layers.GlobalAveragePooling2D()(x)
    if knobs.dense:
        x = layers.Dense(knobs.dense, activation="relu")(x)
    x = layers.Dropout(knobs.dropout)(x)
    return keras.Model(pixels, probabilities(x, classes), name="tunable")


def probabilities(x: keras.KerasTensor, classes: int) -> keras.KerasTensor:
    """The head of every network: float32 whatever the precision below it, so that probabilities sum to 1."""
    return layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")(x)


def _convolution(x: keras.KerasTensor, filters: int, knobs: Model) -> keras.KerasTensor:
    x = layers.Conv2D(filters, knobs.kernel, padding="same", use_bias=not knobs.batch_norm)(x)
    if knobs.batch_norm:
        x = layers.BatchNormalization(momentum=0.9)(x)  # 0.99 needs more steps than a small data set has
    return layers.Activation("relu")(x)
