"""Networks that somebody already trained on ImageNet, with a new head for the classes at hand.

Each has its own input scaling, built in as a layer, so that it eats raw uint8 like every other model.
"""

import socket
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import keras
from keras import applications as apps
from keras import layers

from darkroom import errors
from darkroom.errors import EnvironmentFault, ParamsError
from darkroom.learning import heads

DOWNLOAD_PATIENCE = 8  # seconds without an answer before the network counts as absent


class How(NamedTuple):
    """The values of params.yaml's `transfer` that shape the network; `image_size` in pixels."""

    weights: str
    width: float
    image_size: int
    dropout: float


@dataclass(frozen=True)
class Backbone:
    """`builder` of keras.applications; pixels times `scale` plus `offset` is what it was trained on.

    `weights` names its file in a folder of weights; `{width}` stands for the family's own spelling of it.
    """

    builder: Callable[..., keras.Model]
    scale: float
    offset: float
    weights: str
    widths: dict[float, str] | None = None


_SYMMETRIC = {"scale": 1 / 127.5, "offset": -1.0}  # to -1..1
_OWN = {"scale": 1.0, "offset": 0.0}  # the network rescales by itself
_V1 = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}
_V2 = {width: str(width) for width in (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)}

_KNOWN = {
    "mobilenet": Backbone(apps.MobileNet, **_SYMMETRIC, weights="mobilenet_{width}_*", widths=_V1),
    "mobilenet_v2": Backbone(
        keras.applications.MobileNetV2, **_SYMMETRIC, weights="mobilenet_v2_*{width}*", widths=_V2
    ),
    "efficientnet_b0": Backbone(apps.EfficientNetB0, **_OWN, weights="efficientnetb0*"),
    "efficientnet_v2_b0": Backbone(apps.EfficientNetV2B0, **_OWN, weights="efficientnetv2-b0*"),
    "resnet50_v2": Backbone(apps.ResNet50V2, **_SYMMETRIC, weights="resnet50v2*"),
}


def names() -> list[str]:
    return sorted(_KNOWN)


def build(name: str, *, shape: tuple[int, int, int], classes: int, how: How, folder: Path) -> tuple[keras.Model, bool]:
    """The network, and whether its base is pretrained. A pretrained base is frozen, a random one is not.

    Input uint8 `(b, s, s, c)`, output float32 `(b, k)`. Weights come from `folder`, then from the network.
    Raises ParamsError (exit 2) for an unknown name or width and, when `how.weights` is `imagenet` and none
    can be had, EnvironmentFault (exit 5).
    """
    known = _look_up(name, how.width)
    base, pretrained = _base(name, known, how, folder)
    base.trainable = not pretrained
    pixels = heads.pixels(shape)
    x = layers.Resizing(how.image_size, how.image_size, interpolation="bicubic", dtype="float32")(pixels)
    if shape[-1] == 1:
        x = layers.Concatenate()([x, x, x])
    x = layers.Rescaling(known.scale, known.offset)(x)
    x = base(x, training=False) if pretrained else base(x)  # frozen batch norm keeps ImageNet's statistics
    x = layers.Dropout(how.dropout)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(pixels, heads.probabilities(x, classes), name=name), pretrained


def _look_up(name: str, width: float) -> Backbone:
    where = "params.yaml: transfer"
    if name not in _KNOWN:
        raise ParamsError(
            "E_BACKBONE", f"unknown backbone {name}", where=where, fix=f"choose from {', '.join(names())}"
        )
    known = _KNOWN[name]
    if known.widths and width not in known.widths:
        choices = ", ".join(map(str, known.widths))
        raise ParamsError("E_BACKBONE", f"{name} has no width {width}", where=where, fix=f"choose from {choices}")
    return known


def _base(name: str, known: Backbone, how: How, folder: Path) -> tuple[keras.Model, bool]:
    def fresh(weights: str | None) -> keras.Model:
        width = {"alpha": how.width} if known.widths else {}
        side = how.image_size if weights is None else None
        shape = (side, side, 3)
        base = known.builder(include_top=False, weights=weights, input_shape=shape, **width)
        return base if weights else _prompt(base)

    if how.weights == "none":
        return fresh(None), False
    try:
        return _pretrained(fresh, known, how.width, folder), True
    except Exception as fault:  # Keras raises a bare Exception when a download fails
        why = str(fault).splitlines()[0]
        if how.weights == "imagenet":
            raise EnvironmentFault(
                "E_OFFLINE",
                f"no ImageNet weights for {name}: {why}",
                where=folder,
                fix=f"put {_pattern(known, how.width)}.h5 there, or set transfer.weights: none",
            ) from fault
        errors.warn(f"no ImageNet weights for {name} ({why}); it is trained from random weights, pretrained: false")
        return fresh(None), False


def _pretrained(fresh: Callable, known: Backbone, width: float, folder: Path) -> keras.Model:
    local = sorted(folder.glob(_pattern(known, width) + ".h5"))
    if local:
        base = fresh(None)
        base.load_weights(local[0])
        return base
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(DOWNLOAD_PATIENCE)
    try:
        with warnings.catch_warnings(action="ignore", category=UserWarning):  # that 224 is taken for the side
            return fresh("imagenet")
    finally:
        socket.setdefaulttimeout(before)


def _prompt(base: keras.Model) -> keras.Model:
    """Let batch norm's means of an untrained base follow within tens of steps.

    Keras's momentum of 0.99 needs hundreds; until then validation looks like chance and ends a short training.
    """
    for layer in base.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.momentum = 0.9
    return base


def _pattern(known: Backbone, width: float) -> str:
    return known.weights.format(width=(known.widths or {}).get(width, ""))
