"""What a network looked at: Grad-CAM, its first filters, and one image on its way through the layers.

Grad-CAM (Selvaraju et al. 2017) weighs the last feature maps by the gradient of the class's logit. Keras has no
gradients that serve every backend, so a zero is added to the feature maps and one step of gradient descent at rate
1 is taken on it: what the zero becomes is the gradient. The network's own weights are no part of it.
The price: a map has as few cells as the last feature map, and shows where, not why. A network whose last feature
map is a single cell has none. The one module of this wing that imports Keras.
"""

from collections.abc import Iterator, Sequence
from itertools import dropwhile, pairwise
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

ACTIVE = {"Activation", "ReLU", "LeakyReLU", "PReLU"}  # layers whose output is worth a look
ROWS, COLUMNS = 6, 10  # of the sheet of feature maps
FILTERS = 64  # at most, of the first layer


class Maps(NamedTuple):
    """One layer's answer to one image."""

    layer: str
    values: np.ndarray  # float32 (h, w, m): the m maps with the largest values


def heat(model: keras.Model, images: np.ndarray, classes: np.ndarray) -> np.ndarray | None:
    """Grad-CAM float32 `(n, h, w)` in 0..1 for images uint8 `(n, s, s, c)`, each for its class of int64 `(n,)`.

    None where the network has no feature maps of more than one cell, or does not end in a softmax over one vector.
    """
    model = _one_look(model)
    place = _last_maps(model)
    if place is None or not len(images):
        return None
    maps = np.asarray(keras.Model(model.input, place)(images, training=False))
    gradients = _gradients(model, place, maps, np.eye(model.output.shape[-1], dtype="float32")[classes])
    weighted = np.maximum((maps * gradients.mean((1, 2), keepdims=True)).sum(-1), 0)
    highest = weighted.max((1, 2), keepdims=True)
    return (weighted / np.where(highest > 0, highest, 1)).astype("float32")


def filters(model: keras.Model) -> np.ndarray | None:
    """The kernels of the first convolution, float32 `(f, h, w, c)`, each stretched to 0..1; None without one."""
    first = next(filter(_convolves, _all(_one_look(model))), None)
    if first is None:
        return None
    kernels = np.moveaxis(np.asarray(first.weights[0]), -1, 0)[:FILTERS]
    low, high = (of(kernels, axis=(1, 2, 3), keepdims=True) for of in (np.min, np.max))
    return ((kernels - low) / np.where(high > low, high - low, 1)).astype("float32")


def feature_maps(model: keras.Model, image: np.ndarray) -> list[Maps]:
    """Up to COLUMNS maps of up to ROWS layers, first to last, for one image uint8 `(s, s, c)`."""
    activations = _activations(_one_look(model), image[np.newaxis])
    found = [(name, values[0]) for name, values in activations if values.ndim == 4]
    found = [(name, values) for name, values in found if values.shape[0] > 1]
    kept = np.unique(np.linspace(0, len(found) - 1, min(ROWS, len(found))).astype(int)) if found else []
    maps = []
    for i in kept:
        name, values = found[i]
        strongest = np.argsort(-values.mean((0, 1)), kind="stable")[:COLUMNS]
        maps.append(Maps(name, values[..., strongest]))
    return maps


class _Probe(keras.layers.Layer):
    """Feature maps `(n, h, w, m)`, and a trainable zero of their shape, to logits `(n, k)`."""

    def __init__(self, shape: tuple[int, ...], head: keras.Model, last: keras.layers.Dense):
        super().__init__(dtype="float32")
        self.zero = self.add_weight(shape=shape, initializer="zeros")
        self._logits = lambda x: ops.matmul(head(x, training=False), last.kernel) + last.bias  # none of it is tracked

    def call(self, maps):
        return self._logits(maps + self.zero)


def _gradients(model: keras.Model, place: keras.KerasTensor, maps: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Of the logit of each image's class, `chosen` one-hot `(n, k)`, by its feature `maps` `(n, h, w, m)`."""
    last = model.layers[-1]
    probe = _Probe(maps.shape, keras.Model(place, last.input), last)
    pixels = keras.Input(maps.shape[1:], batch_size=len(maps))
    probed = keras.Model(pixels, probe(pixels))
    probed.compile(keras.optimizers.SGD(1.0), lambda truth, logits: -ops.sum(truth * logits, -1), jit_compile=False)
    probed.train_on_batch(maps, chosen)
    return np.asarray(probe.zero) * len(maps)  # Keras divides a loss by the size of the batch


def _one_look(model: keras.Model) -> keras.Model:
    """The network itself, where the model is the mean of its looks at an image and at the mirror image."""
    last = model.layers[-1]
    return keras.Model(model.input, last.input[0]) if type(last).__name__ == "Average" else model


def _last_maps(model: keras.Model) -> keras.KerasTensor | None:
    """The last feature maps `(None, h, w, m)` that no pooling made, when they have more than one cell."""
    last = model.layers[-1]
    if type(last).__name__ != "Dense" or len(last.input.shape) != 2:
        return None
    pairs = dropwhile(lambda pair: not (_convolves(pair[0]) or hasattr(pair[0], "layers")), pairwise(model.layers))
    # what the next layer is given, since a network within the network calls its own tensor its output
    given = [after.input for layer, after in pairs if "Pooling" not in type(layer).__name__]
    shaped = [tensor for tensor in given if len(getattr(tensor, "shape", ())) == 4]
    return shaped[-1] if shaped and shaped[-1].shape[1] > 1 else None


def _activations(model: keras.Model, images: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Name and output `(n, h, w, m)` of the active layers, those of a network within the network in its place."""
    before = None
    for layer in model.layers:
        if hasattr(layer, "layers"):
            inside = images if before is None else keras.Model(model.input, before.output)(images, training=False)
            yield from _of(layer, inside, layer.layers)
        before = layer
    yield from _of(model, images, model.layers)


def _of(model: keras.Model, images, layers: Sequence) -> list[tuple[str, np.ndarray]]:
    active = [layer for layer in layers if _active(layer)]
    if not active:
        return []
    outputs = keras.Model(model.input, [layer.output for layer in active])(images, training=False)
    values = keras.tree.flatten(outputs)  # Keras returns one output as itself
    return [(layer.name, np.asarray(each)) for layer, each in zip(active, values, strict=True)]


def _active(layer) -> bool:
    activation = getattr(layer, "activation", None)
    return type(layer).__name__ in ACTIVE or (_convolves(layer) and activation is not keras.activations.linear)


def _convolves(layer) -> bool:
    return len(getattr(layer, "kernel_size", ())) == 2


def _all(model: keras.Model) -> list[keras.layers.Layer]:
    """Its layers, a network within it before its own ones."""
    return [each for layer in model.layers for each in (layer, *(_all(layer) if hasattr(layer, "layers") else ()))]
