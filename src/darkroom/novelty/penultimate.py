"""The features of a network: what its last dense layer, which tells the classes apart, is given of an image."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras

BATCH = 256  # images at a time


def with_features(network: "keras.Model") -> "keras.Model | None":
    """Return a model of the same weights with two outputs: features `(b, d)`, and the probabilities of `network`.

    One pass computes both. None for a network without a dense layer. Of one that averages over an image and its mirror
    image, the features are those of the image.
    """
    import keras  # seconds, and whoever asks has it already

    tensor = _last_dense_input(network.output)
    if tensor is None or len(tensor.shape) != 2:
        return None
    return keras.Model(network.input, [tensor, network.output])


def _last_dense_input(tensor: "keras.KerasTensor") -> "keras.KerasTensor | None":
    """The input of the dense layer that `tensor` comes from, by the first input of every layer in between.

    `layer.input` would be that of the first network that the layer is in, and a head is trained in one of its own.
    """
    while True:
        layer, number, _ = tensor._keras_history
        inputs = layer._inbound_nodes[number].input_tensors
        if not inputs:
            return None
        if type(layer).__name__ == "Dense":
            return inputs[0]
        tensor = inputs[0]


def features(model: "keras.Model", images: np.ndarray) -> np.ndarray:
    """float32 `(n, d)` for images uint8 `(n, s, s, c)`; `model` is one of `with_features`."""
    return outputs(model, images)[0]


def outputs(model: "keras.Model", images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Features float32 `(n, d)` and probabilities `(n, k)` of images; as `features` otherwise."""
    starts = range(0, len(images), BATCH)
    pairs = [model.predict_on_batch(images[i : i + BATCH]) for i in starts]
    features, probabilities = (np.concatenate(list(map(np.asarray, part))) for part in zip(*pairs, strict=True))
    return features, probabilities
