"""What a network is made of, layer by layer, and what each layer costs."""

from math import prod

import keras

KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")


def rows(network: keras.Model) -> list[dict]:
    """A row a layer: layer, kind, output (shape without the batch), parameters, multiply_adds (for one image)."""
    return [
        {
            "layer": layer.name,
            "kind": type(layer).__name__,
            "output": _shape(layer),
            "parameters": layer.count_params(),
            "multiply_adds": multiply_adds(layer),
        }
        for layer in network.layers
    ]


def total(network: keras.Model) -> dict[str, int]:
    """parameters and multiply_adds of the whole network."""
    return {"parameters": network.count_params(), "multiply_adds": multiply_adds(network)}


def multiply_adds(layer: keras.Layer) -> int:
    """Of a layer, or of a network with the networks in it, for one image: convolutions and dense layers.

    They are nearly all of it. Each weight of a kernel is used once for each place of the output.
    """
    if hasattr(layer, "layers"):
        return sum(multiply_adds(part) for part in layer.layers)
    kernels = [weight for weight in layer.weights if weight.name in KERNELS]
    places = prod(layer.output.shape[1:-1]) if kernels else 0
    return sum(prod(kernel.shape) * places for kernel in kernels)


def _shape(layer: keras.Layer) -> tuple[int, ...]:
    return tuple(layer.output.shape[1:])
