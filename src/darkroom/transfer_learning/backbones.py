"""Networks that were pretrained on ImageNet, by name, without their own last layer.

Each has its own input scaling, built in as layers, so that it takes raw uint8 like every other model: images of any
size are resized to its input size, and grey ones are repeated to three channels.
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
from keras import applications as apps
from keras import layers

from darkroom.runtime.errors import ParamsError
from darkroom.training import io_layers
from darkroom.transfer_learning import packaged, resizing
from darkroom.transfer_learning.efficientnet_lite import efficientnet_lite0
from darkroom.transfer_learning.packaged import Package

WHERE = "params.yaml: transfer"

# The statistics of ImageNet's images. Keras's imagenet_utils.preprocess_input uses the first for networks that
# came from Caffe (0..255, blue first) and the others for those that came from Torch (0..1).
CAFFE_MEAN = (103.939, 116.779, 123.68)
TORCH_MEAN, TORCH_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def _unscaled(x: keras.KerasTensor) -> keras.KerasTensor:
    """For families that scale in their own first layers."""
    return x


def _symmetric(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.Rescaling(1 / 127.5, -1.0, dtype="float32", name="symmetric")(x)


def _symmetric_lite(x: keras.KerasTensor) -> keras.KerasTensor:
    """(x - 127) / 128, as TensorFlow's tpu/models/official/efficientnet/lite has it."""
    return layers.Rescaling(1 / 128, -127 / 128, dtype="float32", name="symmetric")(x)


def _caffe(x: keras.KerasTensor) -> keras.KerasTensor:
    return layers.Rescaling([1.0] * 3, [-m for m in CAFFE_MEAN], dtype="float32", name="centre")(x[..., ::-1])


def _torch(x: keras.KerasTensor) -> keras.KerasTensor:
    scale = [1 / 255 / d for d in TORCH_DEVIATION]
    offset = [-m / d for m, d in zip(TORCH_MEAN, TORCH_DEVIATION, strict=True)]
    return layers.Rescaling(scale, offset, dtype="float32", name="standardise")(x)


@dataclass(frozen=True)
class Backbone:
    """A family of networks: `builder` of keras.applications, or one with the same parameters; `scaled` maps 0..255 to
    the range it was trained on.

    `file` is the pattern of its file in a folder of weights, where `{width}` stands for the family's spelling of
    a width. `min_size` and `native_size` are the smallest image it takes and that it was trained on, in pixels.
    `package` has its weights; the others can be downloaded.
    """

    builder: Callable[..., keras.Model]
    scaled: Callable[[keras.KerasTensor], keras.KerasTensor]
    file: str
    widths: dict[float, str] | None = None
    min_size: int = 32
    native_size: int = 224
    package: Package | None = None


_V1 = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}
_V2 = {width: str(width) for width in (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)}
_V3 = {width: str(width) for width in (0.75, 1.0)}

_BACKBONES = {
    "efficientnet_lite0": Backbone(
        efficientnet_lite0, _symmetric_lite, "efficientnet_lite0*", package=packaged.EFFICIENTNET_LITE0
    ),
    "mobilenet": Backbone(apps.MobileNet, _symmetric, "mobilenet_{width}_*", _V1),
    "mobilenet_v2": Backbone(apps.MobileNetV2, _symmetric, "mobilenet_v2_*{width}*", _V2),
    "mobilenet_v3_small": Backbone(apps.MobileNetV3Small, _unscaled, "*mobilenet_v3_small_*{width}*", _V3),
    "mobilenet_v3_large": Backbone(apps.MobileNetV3Large, _unscaled, "*mobilenet_v3_large_*{width}*", _V3),
    "efficientnet_b0": Backbone(apps.EfficientNetB0, _unscaled, "efficientnetb0*"),
    "efficientnet_b1": Backbone(apps.EfficientNetB1, _unscaled, "efficientnetb1*", native_size=240),
    "efficientnet_b2": Backbone(apps.EfficientNetB2, _unscaled, "efficientnetb2*", native_size=260),
    "efficientnet_b3": Backbone(apps.EfficientNetB3, _unscaled, "efficientnetb3*", native_size=300),
    "efficientnet_v2_b0": Backbone(apps.EfficientNetV2B0, _unscaled, "efficientnetv2-b0*"),
    "efficientnet_v2_b1": Backbone(apps.EfficientNetV2B1, _unscaled, "efficientnetv2-b1*", native_size=240),
    "efficientnet_v2_b2": Backbone(apps.EfficientNetV2B2, _unscaled, "efficientnetv2-b2*", native_size=260),
    "efficientnet_v2_b3": Backbone(apps.EfficientNetV2B3, _unscaled, "efficientnetv2-b3*", native_size=300),
    "efficientnet_v2_s": Backbone(apps.EfficientNetV2S, _unscaled, "efficientnetv2-s*", native_size=384),
    "resnet50": Backbone(apps.ResNet50, _caffe, "resnet50_*"),
    "resnet101": Backbone(apps.ResNet101, _caffe, "resnet101_*"),
    "resnet50_v2": Backbone(apps.ResNet50V2, _symmetric, "resnet50v2_*"),
    "resnet101_v2": Backbone(apps.ResNet101V2, _symmetric, "resnet101v2_*"),
    "vgg16": Backbone(apps.VGG16, _caffe, "vgg16_*"),
    "vgg19": Backbone(apps.VGG19, _caffe, "vgg19_*"),
    "inception_v3": Backbone(apps.InceptionV3, _symmetric, "inception_v3_*", min_size=75, native_size=299),
    "xception": Backbone(apps.Xception, _symmetric, "xception_*", min_size=71, native_size=299),
    "densenet121": Backbone(apps.DenseNet121, _torch, "densenet121_*"),
    "nasnet_mobile": Backbone(apps.NASNetMobile, _symmetric, "*[nN]et[-_]mobile*"),
    "convnext_tiny": Backbone(apps.ConvNeXtTiny, _unscaled, "convnext_tiny*"),
}


def names() -> list[str]:
    return sorted(_BACKBONES)


@dataclass(frozen=True)
class BackboneChoice:
    """A backbone at one width (None where its family has one only) and at one input size, in pixels."""

    name: str
    backbone: Backbone
    width: float | None
    size: int

    @property
    def file(self) -> str:
        """The pattern of its file in a folder of weights."""
        spelling = self.backbone.widths[self.width] if self.backbone.widths and self.width else ""
        return self.backbone.file.format(width=spelling) + ".h5"

    def build(self, size: int | None = None, *, weights: str | None = None, classes: int | None = None) -> keras.Model:
        """Build it for float `(b, size, size, 3)`; with random weights and without a last layer by default."""
        top = {"include_top": False} if classes is None else {"include_top": True, "classes": classes}
        width = {"alpha": self.width} if self.backbone.widths else {}
        return self.backbone.builder(weights=weights, input_shape=(size or self.size,) * 2 + (3,), **top, **width)


def choose(name: str, *, width: float, size: int) -> BackboneChoice:
    """Choose the backbone `name`, one of `names` that may end in a width of its own, in percent: `mobilenet_v2-35` has
    width 0.35, as MLflow takes no names with a point.

    Raises ParamsError (exit 2) for an unknown name or width and for a size that the backbone cannot take.
    """
    family, _, own_width = name.partition("-")
    if family not in _BACKBONES:
        raise _unusable(f"unknown backbone {name}", f"choose from {', '.join(names())}")
    backbone = _BACKBONES[family]
    if size < backbone.min_size:
        what = f"{family} takes {backbone.min_size} pixels or more, not {size}"
        raise _unusable(what, f"set input_size to {backbone.min_size}")
    if not backbone.widths:
        if own_width:
            raise _unusable(f"{family} has one width only", f"write {family}")
        return BackboneChoice(name, backbone, None, size)
    asked = int(own_width) / 100 if own_width.isdigit() else own_width or width
    if asked not in backbone.widths:
        raise _unusable(f"{family} has no width {asked}", f"choose from {', '.join(map(str, backbone.widths))}")
    return BackboneChoice(name, backbone, float(asked), size)


def _unusable(what: str, fix: str) -> ParamsError:
    return ParamsError("E_BACKBONE", what, where=WHERE, fix=fix)


def extractor(choice: BackboneChoice, base: keras.Model, *, shape: tuple[int, int, int]) -> keras.Model:
    """Put input and average pooling around `base`: uint8 `(b, s, s, c)` to float `(b, d)`.

    A base whose statistics must not change has to be frozen: Keras lets a later `training=True` overrule any
    `training=False` that it was called with here.
    """
    pixels = io_layers.pixels(shape)
    x = pixels if shape[0] == choice.size else resizing.resized(pixels, choice.size)
    x = layers.Rescaling(1.0, dtype="float32", name="floats")(x)
    if shape[-1] == 1:
        x = layers.Concatenate(dtype="float32", name="grey")([x, x, x])
    x = choice.backbone.scaled(x)
    return keras.Model(pixels, layers.GlobalAveragePooling2D(name="features")(base(x)), name=choice.name)
