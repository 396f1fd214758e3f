"""What a network is made of, layer by layer, and what each layer costs."""

from math import prod

import keras
from keras import layers


def rows(network: keras.Model) -> list[dict]:
    """A row a layer: layer, kind, output (shape without the batch), parameters, multiply_adds (for one picture)."""
    return [
        {
            "layer": layer.name,
            "kind": type(layer).__name__,
            "output": _shape(layer),
            "parameters": layer.count_params(),
            "multiply_adds": _multiply_adds(layer),
        }
        for layer in network.layers
    ]


def total(network: keras.Model) -> dict[str, int]:
    """parameters and multiply_adds (for one picture) of the whole network."""
    found = rows(network)
    return {key: sum(row[key] for row in found) for key in ("parameters", "multiply_adds")}


def _shape(layer: keras.Layer) -> tuple[int, ...]:
    return tuple(layer.output.shape[1:])


def _multiply_adds(layer: keras.Layer) -> int:
    """Each weight of a kernel is used once for each place of the output; what has no kernel is not counted."""
    if isinstance(layer, layers.Dense):
        return prod(layer.kernel.shape)
    if isinstance(layer, layers.SeparableConv2D):
        kernels = prod(layer.depthwise_kernel.shape) + prod(layer.pointwise_kernel.shape)
    elif isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
        kernels = prod(layer.kernel.shape)
    else:
        return 0
    return kernels * prod(_shape(layer)[:2])
