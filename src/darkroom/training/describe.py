"""The layers of a network, and what each costs."""

from math import prod
from typing import TypedDict

import keras

KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")


class LayerRow(TypedDict):
    """One layer; the output is a shape without the batch, the multiply-adds are those for one image."""

    layer: str
    kind: str
    output: tuple[int, ...]
    parameters: int
    multiply_adds: int


def rows(network: keras.Model) -> list[LayerRow]:
    return [
        LayerRow(
            layer=layer.name,
            kind=type(layer).__name__,
            output=tuple(layer.output.shape[1:]),
            parameters=layer.count_params(),
            multiply_adds=multiply_adds(layer),
        )
        for layer in network.layers
    ]


def total(network: keras.Model) -> dict[str, int]:
    """parameters and multiply_adds of the whole network."""
    return {"parameters": network.count_params(), "multiply_adds": multiply_adds(network)}


def multiply_adds(layer: keras.Layer) -> int:
    """Count those of a layer, or of a network with the networks nested in it, for one image.

    Only convolutions and dense layers count; they are nearly all of it. Each weight of a kernel is used once per
    position of the output.
    """
    if hasattr(layer, "layers"):
        return sum(multiply_adds(part) for part in layer.layers)
    kernels = [weight for weight in layer.weights if weight.name in KERNELS]
    positions = prod(layer.output.shape[1:-1]) if kernels else 0
    return sum(prod(kernel.shape) * positions for kernel in kernels)
