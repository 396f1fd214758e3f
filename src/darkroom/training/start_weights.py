"""The weights that a training starts from instead of random ones: those of the champion, which the stage `start` took.

weights.npz, the arrays of each layer that has any, in the order of the layers, and start.json, what they are of. A
folder without weights.npz says why there are none.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NotRequired, TypedDict

import numpy as np

from darkroom.runtime import files, sealing

if TYPE_CHECKING:
    import keras

WEIGHTS, ABOUT = "weights.npz", "start.json"

Layer = list[np.ndarray]  # the arrays of a layer, in Keras' order


class About(TypedDict):
    """start.json."""

    reason: str  # why there are weights, or why not
    champion: NotRequired[str]  # its digest, see `register.identity`
    classes: NotRequired[list[str]]  # of the champion, in the order of its outputs
    epochs: NotRequired[int]  # that the champion was trained for
    data: NotRequired[str]  # the digest of the packed images that were new when the weights were taken


class StartWeights(NamedTuple):
    about: About
    layers: list[Layer]


class TakenOver(TypedDict):
    """What a network took over. It is part of run.json."""

    champion: str
    epochs: int  # that the champion was trained for
    layers: int  # whose weights were taken over, the output layer included
    of: int  # layers with weights
    new_classes: list[str]  # whose outputs started from random weights


def write(folder: Path, about: About, layers: Sequence[Layer] = ()) -> None:
    with files.replacing(folder) as partial:
        partial.mkdir(parents=True)
        files.write_json(partial / ABOUT, about)
        if layers:
            numbered = ((i, j, array) for i, layer in enumerate(layers) for j, array in enumerate(layer))
            arrays: dict[str, Any] = {f"{i}-{j}": array for i, j, array in numbered}
            np.savez(partial / WEIGHTS, lengths=[len(layer) for layer in layers], **arrays)
        sealing.seal(partial)


def read(folder: Path) -> StartWeights | None:
    """Return what `write` wrote, None where there are no weights. Raises ArtifactError (exit 4) for another folder."""
    sealing.verify(folder)
    if not (folder / WEIGHTS).exists():
        return None
    with np.load(folder / WEIGHTS, allow_pickle=False) as arrays:
        lengths = arrays["lengths"].tolist()
        layers = [[arrays[f"{i}-{j}"] for j in range(length)] for i, length in enumerate(lengths)]
    return StartWeights(about(folder), layers)


def about(folder: Path) -> About:
    """start.json. Raises ArtifactError (exit 4) when it is missing or damaged."""
    return files.read_json(folder / ABOUT)


def of_network(network: "keras.Model") -> list[Layer]:
    """The arrays of each layer that has any."""
    return [layer.get_weights() for layer in _weighted(network)]


def take_over(network: "keras.Model", classes: Sequence[str], start: StartWeights) -> TakenOver:
    """Give `network`, whose outputs are `classes`, the weights of each layer whose shapes are the same.

    Layers are compared by their position. In the output layer, the last one, each class takes over the weights of the
    class that has its name; others keep their random ones.
    """
    layers, taken = _weighted(network), 0
    for layer, arrays in zip(layers[:-1], start.layers[:-1], strict=False):
        if [array.shape for array in layer.get_weights()] == [array.shape for array in arrays]:
            layer.set_weights(arrays)
            taken += 1
    known = _take_over_outputs(layers[-1], classes, start)
    new = [name for name in classes if name not in known]
    about = start.about
    return TakenOver(
        champion=about["champion"],
        epochs=about["epochs"],
        layers=taken + bool(known),
        of=len(layers),
        new_classes=new,
    )


def is_whole(taken: TakenOver) -> bool:
    """Whether nothing but outputs for new classes started from random weights."""
    return taken["layers"] == taken["of"]


def _take_over_outputs(output: "keras.Layer", classes: Sequence[str], start: StartWeights) -> list[str]:
    """Return the classes whose weights were taken over."""
    own, champion, before = output.get_weights(), start.layers[-1], start.about["classes"]
    if [array.shape[:-1] for array in own] != [array.shape[:-1] for array in champion]:
        return []
    if champion[-1].shape[-1] != len(before) or own[-1].shape[-1] != len(classes):  # a sigmoid for the second class
        if own[-1].shape != champion[-1].shape or list(classes) != before:
            return []
        output.set_weights(champion)
        return list(classes)
    known = [name for name in classes if name in before]
    for array, old in zip(own, champion, strict=True):
        array[..., [classes.index(name) for name in known]] = old[..., [before.index(name) for name in known]]
    output.set_weights(own)
    return known


def _weighted(network: "keras.Model") -> "list[keras.Layer]":
    """The layers with weights. A network within it, as for the average over mirror images, has the same weights."""
    return [layer for layer in network.layers if layer.weights and not hasattr(layer, "layers")]
