"""Small networks with what networks are made of, whose probabilities depend on the image."""

from pathlib import Path

import keras
import numpy as np
from keras import layers

from darkroom.saving import model_folder

SPEC = {"classes": ["cat", "dog", "fox"], "image_size": 12, "color": "rgb", "fit": "stretch", "max_pixels": 10_000}
FACTS = {
    "name": "cnn", "architecture": "tunable", "pretrained": None, "params": {}, "run": "key", "versions": {},
    "multiply_adds": 1, "best_epoch": 1,
}  # fmt: skip
EPOCH = {"epoch": 1, "loss": 0.5, "accuracy": 0.8, "val_loss": 0.6, "val_accuracy": 0.7}


def plain(x):
    """Constants that are no weights, convolutions of three kinds, one of them grouped, batch norm and an exact GELU."""
    x = layers.Normalization(mean=[0.5, 0.4, 0.3], variance=[0.1, 0.2, 0.3])(x)
    x = layers.BatchNormalization()(layers.Conv2D(8, 3)(x))
    x = layers.Activation("gelu")(layers.Conv2D(8, 3, groups=4)(x))
    return layers.MaxPooling2D(2)(layers.SeparableConv2D(8, 3)(x))


def written(folder: Path, body, **spec) -> Path:
    """A model folder whose network has the layers `body` between its first and its last ones.

    `spec` overrides keys of the input spec.
    """
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    images = keras.Input((12, 12, 3), dtype="uint8")
    x = layers.Flatten()(body(layers.Rescaling(1 / 255)(images)))
    network = keras.Model(images, layers.Dense(3, activation="softmax", kernel_initializer="he_normal")(x))
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):  # as training leaves them: neither 0 nor 1
            layer.moving_mean.assign(np.full(layer.moving_mean.shape, 0.1, "float32"))
            layer.moving_variance.assign(np.full(layer.moving_variance.shape, 0.01, "float32"))
    model_folder.write(folder, network, [EPOCH], spec=SPEC | spec, facts=FACTS)
    return folder
