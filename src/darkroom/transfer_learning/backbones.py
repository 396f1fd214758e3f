"""Networks that somebody already trained on ImageNet, by name, without their own last layer.

Each has its own input scaling, built in as layers, so that it eats raw uint8 like every other model: images of
any side are brought to the side it shall see, and grey ones are repeated to three channels.
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
from keras import applications as apps
from keras import layers

from darkroom.runtime.errors import ParamsError
from darkroom.training import io_layers
from darkroom.transfer_learning import resizing

WHERE = "params.yaml: transfer"

# The statistics of ImageNet's images, of which Keras's imagenet_utils.preprocess_input takes the first for
# networks that came from Caffe (0..255, blue first) and the others for those that came from Torch (0..1).
CAFFE_MEAN = (103.939, 116.779, 123.68)
TORCH_MEAN, TORCH_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def _itself(x: keras.KerasTensor) -> keras.KerasTensor:
    """For families that scale in their own first layers."""
    return x


def _symmetric(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.Rescaling(1 / 127.5, -1.0, dtype="float32", name="symmetric")(x)


def _caffe(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.Rescaling([1.0] * 3, [-m for m in CAFFE_MEAN], dtype="float32", name="centre")(x[..., ::-1])


def _torch(x: keras.KerasTensor) -> keras.KerasTensor:
    scale = [1 / 255 / d for d in TORCH_DEVIATION]
    offset = [-m / d for m, d in zip(TORCH_MEAN, TORCH_DEVIATION, strict=True)]
    return layers.Rescaling(scale, offset, dtype="float32", name="standardise")(x)


@dataclass(frozen=True)
class Backbone:
    """`builder` of keras.applications; `scaled` makes of 0..255 what it was trained on.

    `file` is the pattern of its file in a folder of weights, where `{width}` stands for the family's spelling of
    a width. `least` and `native` are the smallest side it takes and the one it was trained on, in pixels.
    """

    builder: Callable[..., keras.Model]
    scaled: Callable[[keras.KerasTensor], keras.KerasTensor]
    file: str
    widths: dict[float, str] | None = None
    least: int = 32
    native: int = 224


_V1 = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}
_V2 = {width: str(width) for width in (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)}
_V3 = {width: str(width) for width in (0.75, 1.0)}

_KNOWN = {
    "mobilenet": Backbone(apps.MobileNet, _symmetric, "mobilenet_{width}_*", _V1),
    "mobilenet_v2": Backbone(apps.MobileNetV2, _symmetric, "mobilenet_v2_*{width}*", _V2),
    "mobilenet_v3_small": Backbone(apps.MobileNetV3Small, _itself, "*mobilenet_v3_small_*{width}*", _V3),
    "mobilenet_v3_large": Backbone(apps.MobileNetV3Large, _itself, "*mobilenet_v3_large_*{width}*", _V3),
    "efficientnet_b0": Backbone(apps.EfficientNetB0, _itself, "efficientnetb0*"),
    "efficientnet_b1": Backbone(apps.EfficientNetB1, _itself, "efficientnetb1*", native=240),
    "efficientnet_b2": Backbone(apps.EfficientNetB2, _itself, "efficientnetb2*", native=260),
    "efficientnet_b3": Backbone(apps.EfficientNetB3, _itself, "efficientnetb3*", native=300),
    "efficientnet_v2_b0": Backbone(apps.EfficientNetV2B0, _itself, "efficientnetv2-b0*"),
    "efficientnet_v2_b1": Backbone(apps.EfficientNetV2B1, _itself, "efficientnetv2-b1*", native=240),
    "efficientnet_v2_b2": Backbone(apps.EfficientNetV2B2, _itself, "efficientnetv2-b2*", native=260),
    "efficientnet_v2_b3": Backbone(apps.EfficientNetV2B3, _itself, "efficientnetv2-b3*", native=300),
    "efficientnet_v2_s": Backbone(apps.EfficientNetV2S, _itself, "efficientnetv2-s*", native=384),
    "resnet50": Backbone(apps.ResNet50, _caffe, "resnet50_*"),
    "resnet101": Backbone(apps.ResNet101, _caffe, "resnet101_*"),
    "resnet50_v2": Backbone(apps.ResNet50V2, _symmetric, "resnet50v2_*"),
    "resnet101_v2": Backbone(apps.ResNet101V2, _symmetric, "resnet101v2_*"),
    "vgg16": Backbone(apps.VGG16, _caffe, "vgg16_*"),
    "vgg19": Backbone(apps.VGG19, _caffe, "vgg19_*"),
    "inception_v3": Backbone(apps.InceptionV3, _symmetric, "inception_v3_*", least=75, native=299),
    "xception": Backbone(apps.Xception, _symmetric, "xception_*", least=71, native=299),
    "densenet121": Backbone(apps.DenseNet121, _torch, "densenet121_*"),
    "nasnet_mobile": Backbone(apps.NASNetMobile, _symmetric, "*[nN]et[-_]mobile*"),
    "convnext_tiny": Backbone(apps.ConvNeXtTiny, _itself, "convnext_tiny*"),
}


def names() -> list[str]:
    return sorted(_KNOWN)


@dataclass(frozen=True)
class Choice:
    """A backbone at one width (None where its family has one only) and at one side, in pixels."""

    name: str
    known: Backbone
    width: float | None
    side: int

    @property
    def file(self) -> str:
        """The pattern of its file in a folder of weights."""
        return self.known.file.format(width=(self.known.widths or {}).get(self.width, "")) + ".h5"

    def base(self, side: int | None = None, *, weights: str | None = None, **top) -> keras.Model:
        """With random weights and without a last layer unless told otherwise: float `(b, side, side, 3)` in."""
        width = {"alpha": self.width} if self.known.widths else {}
        shape = (side or self.side,) * 2 + (3,)
        return self.known.builder(**{"include_top": False, **top}, weights=weights, input_shape=shape, **width)


def choose(name: str, *, width: float, side: int) -> Choice:
    """`name` is one of `names`, and may end in a width of its own, in percent: `mobilenet_v2-35` is 0.35 wide,
    since MLflow takes no names with a point.

    Raises ParamsError (exit 2) for an unknown name or width and for a side that the backbone cannot take.
    """
    family, _, own = name.partition("-")
    if family not in _KNOWN:
        raise _unfit(f"unknown backbone {name}", f"choose from {', '.join(names())}")
    known = _KNOWN[family]
    if side < known.least:
        raise _unfit(f"{family} takes {known.least} pixels or more, not {side}", f"set input_size to {known.least}")
    if not known.widths:
        if own:
            raise _unfit(f"{family} has one width only", f"write {family}")
        return Choice(name, known, None, side)
    wanted = int(own) / 100 if own.isdigit() else own or width
    if wanted not in known.widths:
        raise _unfit(f"{family} has no width {wanted}", f"choose from {', '.join(map(str, known.widths))}")
    return Choice(name, known, wanted, side)


def _unfit(what: str, fix: str) -> ParamsError:
    return ParamsError("E_BACKBONE", what, where=WHERE, fix=fix)


def extractor(chosen: Choice, base: keras.Model, *, shape: tuple[int, int, int]) -> keras.Model:
    """uint8 `(b, s, s, c)` to float `(b, d)`: the mean of each of the base's last feature maps.

    A base whose statistics are to stay must be frozen: Keras lets a later `training=True` overrule any
    `training=False` that it was called with here.
    """
    pixels = io_layers.pixels(shape)
    x = pixels if shape[0] == chosen.side else resizing.resized(pixels, chosen.side)
    x = layers.Rescaling(1.0, dtype="float32", name="floats")(x)
    if shape[-1] == 1:
        x = layers.Concatenate(dtype="float32", name="grey")([x, x, x])
    x = chosen.known.scaled(x)
    return keras.Model(pixels, layers.GlobalAveragePooling2D(name="features")(base(x)), name=chosen.name)
