"""Explain a network: Grad-CAM, the filters of its first convolution, and the feature maps of one image.

Grad-CAM (Selvaraju et al. 2017) weighs the last feature maps by the gradient of the class's logit. Keras has no
gradients that serve every backend, so a zero is added to the feature maps and one step of gradient descent at rate
1 is taken on it: what the zero becomes is the gradient. The network's own weights do not change.
The price: a heatmap has as few cells as the last feature map, and shows where, not why. A network whose last feature
map is a single cell has none.
"""

from collections.abc import Iterator, Sequence
from itertools import dropwhile, pairwise
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

ACTIVE = {"Activation", "ReLU", "LeakyReLU", "PReLU"}  # layers whose output is worth showing
LAYERS, MAPS = 6, 10  # at most: layers, and feature maps of each
FILTERS = 64  # at most, of the first layer


class LayerMaps(NamedTuple):
    """The output of one layer for one image."""

    layer: str
    values: np.ndarray  # float32 (h, w, m): the m maps with the largest values


def heatmaps(model: keras.Model, images: np.ndarray, classes: np.ndarray) -> np.ndarray | None:
    """Compute Grad-CAM float32 `(n, h, w)` in 0..1 for images uint8 `(n, s, s, c)`, each for its class, int64 `(n,)`.

    None where the network has no feature maps of more than one cell, or does not end in a softmax over one vector.
    """
    model = _without_flip(model)
    last = _last_maps(model)
    if last is None or not len(images):
        return None
    maps = np.asarray(keras.Model(model.input, last)(images, training=False))
    gradients = _gradients(model, last, maps, np.eye(model.output.shape[-1], dtype="float32")[classes])
    weighted = np.maximum((maps * gradients.mean((1, 2), keepdims=True)).sum(-1), 0)
    highest = weighted.max((1, 2), keepdims=True)
    return (weighted / np.where(highest > 0, highest, 1)).astype("float32")


def filters(model: keras.Model) -> np.ndarray | None:
    """Return the kernels of the first convolution, float32 `(f, h, w, c)`, each scaled to 0..1; None without one."""
    first = next(filter(_convolves, _all_layers(_without_flip(model))), None)
    if first is None:
        return None
    kernels = np.moveaxis(np.asarray(first.weights[0]), -1, 0)[:FILTERS]
    low, high = kernels.min((1, 2, 3), keepdims=True), kernels.max((1, 2, 3), keepdims=True)
    return ((kernels - low) / np.where(high > low, high - low, 1)).astype("float32")


def feature_maps(model: keras.Model, image: np.ndarray) -> list[LayerMaps]:
    """Return up to MAPS maps of up to LAYERS layers, first to last, for one image uint8 `(s, s, c)`."""
    activations = _activations(_without_flip(model), image[np.newaxis])
    layers = [(name, values[0]) for name, values in activations if values.ndim == 4 and values.shape[1] > 1]
    if not layers:
        return []
    chosen = np.unique(np.linspace(0, len(layers) - 1, min(LAYERS, len(layers))).astype(int))
    return [LayerMaps(name, _strongest(values)) for name, values in (layers[i] for i in chosen)]


class _Probe(keras.layers.Layer):
    """Feature maps `(n, h, w, m)`, and a trainable zero of their shape, to logits `(n, k)`."""

    def __init__(self, shape: tuple[int, ...], head: keras.Model, last: keras.layers.Dense) -> None:
        super().__init__(dtype="float32")
        self.zero = self.add_weight(shape=shape, initializer="zeros")
        self._logits = lambda x: ops.matmul(head(x, training=False), last.kernel) + last.bias  # none of it is tracked

    def call(self, maps: keras.KerasTensor) -> keras.KerasTensor:
        return self._logits(maps + self.zero)


def _strongest(values: np.ndarray) -> np.ndarray:
    """The maps of `values` `(h, w, m)` with the largest means, MAPS at most, the largest first."""
    return values[..., np.argsort(-values.mean((0, 1)), kind="stable")[:MAPS]]


def _gradients(model: keras.Model, tensor: keras.KerasTensor, maps: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """The gradients `(n, h, w, m)` of the logit of a class by the feature maps.

    `tensor` are the feature maps in the model, `maps` their values `(n, h, w, m)`, `chosen` the classes, one-hot
    `(n, k)`.
    """
    last = model.layers[-1]
    probe = _Probe(maps.shape, keras.Model(tensor, last.input), last)
    pixels = keras.Input(maps.shape[1:], batch_size=len(maps))
    probed = keras.Model(pixels, probe(pixels))
    probed.compile(keras.optimizers.SGD(1.0), lambda classes, logits: -ops.sum(classes * logits, -1), jit_compile=False)
    probed.train_on_batch(maps, chosen)
    return np.asarray(probe.zero) * len(maps)  # Keras divides a loss by the size of the batch


def _without_flip(model: keras.Model) -> keras.Model:
    """The network itself, where the model averages its predictions for an image and for the mirror image."""
    last = model.layers[-1]
    return keras.Model(model.input, last.input[0]) if type(last).__name__ == "Average" else model


def _last_maps(model: keras.Model) -> keras.KerasTensor | None:
    """The last feature maps `(None, h, w, m)` that no pooling made, when they have more than one cell."""
    last = model.layers[-1]
    if type(last).__name__ != "Dense" or len(last.input.shape) != 2:
        return None
    pairs = dropwhile(lambda pair: not (_convolves(pair[0]) or hasattr(pair[0], "layers")), pairwise(model.layers))
    # the input of the next layer, since the `output` of a nested network is a tensor of its own graph
    inputs = [after.input for layer, after in pairs if "Pooling" not in type(layer).__name__]
    maps = [tensor for tensor in inputs if len(getattr(tensor, "shape", ())) == 4]
    return maps[-1] if maps and maps[-1].shape[1] > 1 else None


def _activations(model: keras.Model, images: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Name and output `(n, h, w, m)` of the active layers, those of nested networks first."""
    before = None
    for layer in model.layers:
        if hasattr(layer, "layers"):
            inputs = images if before is None else keras.Model(model.input, before.output)(images, training=False)
            yield from _outputs(layer, inputs, layer.layers)
        before = layer
    yield from _outputs(model, images, model.layers)


def _outputs(
    model: keras.Model, images: np.ndarray | keras.KerasTensor, layers: Sequence[keras.layers.Layer]
) -> list[tuple[str, np.ndarray]]:
    active = [layer for layer in layers if _active(layer)]
    if not active:
        return []
    outputs = keras.Model(model.input, [layer.output for layer in active])(images, training=False)
    values = keras.tree.flatten(outputs)  # Keras returns one output as itself
    return [(layer.name, np.asarray(value)) for layer, value in zip(active, values, strict=True)]


def _active(layer: keras.layers.Layer) -> bool:
    activation = getattr(layer, "activation", None)
    return type(layer).__name__ in ACTIVE or (_convolves(layer) and activation is not keras.activations.linear)


def _convolves(layer: keras.layers.Layer) -> bool:
    return len(getattr(layer, "kernel_size", ())) == 2


def _all_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers of the model, each nested network followed by its own layers."""
    layers = []
    for layer in model.layers:
        layers += [layer, *(_all_layers(layer) if hasattr(layer, "layers") else ())]
    return layers
