"""What each value of params.yaml means, its type and its range.

`load` checks the whole file at the start of every stage, so that a typo in `register` costs nothing
before an hour of training. No value has a default here: params.yaml has them all.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from warnings import catch_warnings, filterwarnings

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from darkroom import params_errors, paths, plain_yaml
from darkroom.runtime.errors import ParamsError, redacted

Fraction = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
Size = Annotated[int, Field(ge=8, le=1024)]  # pixels
Rate = Annotated[float, Field(gt=0, le=10)]
Confidence = Annotated[float, Field(gt=0.5, lt=1)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", max_length=60)]
Backbone = Annotated[str, Field(pattern=r"^[a-z0-9_]+(-[0-9]+)?$")]  # a width in percent may follow

BUCKET = re.compile(r"(s3|gs)://[^\s/:?#@]+(/[^\s:?#]+)*/?")
URL = re.compile(r"(s3|gs|https?)://[^\s/:?#]+(:[0-9]+)?/(?!.*::)\S*[^\s/]")  # two colons chain file systems of fsspec
ADDRESS = re.compile(r"[^\s/]+:[0-9]{1,5}")  # of the head of a cluster
MISTAKES = 2000  # characters of an error message that lists them


def _address(text: str) -> str:
    if text not in ("auto", "local") and not ADDRESS.fullmatch(text):
        raise ValueError("expected auto, local or HOST:PORT")
    return text


def _inside(path: str) -> str:
    if not path or Path(path).is_absolute() or path.startswith("~") or ".." in Path(path).parts:
        raise ValueError("expected a path inside the project, such as data/raw/images.zip")
    return path


def _archive(source: str) -> str:
    if "://" not in source:
        return _inside(source)
    if not URL.fullmatch(source):
        raise ValueError("expected a file in the project or s3://, gs:// or https:// with the path of one archive")
    if redacted(source) != source:
        raise ValueError("the URL holds a password or token, which would be committed; see docs/data.md")
    return source


def _bucket(url: str) -> str:
    if not BUCKET.fullmatch(url):
        raise ValueError("expected null, or s3:// or gs:// with a folder of a bucket")
    return url.rstrip("/")


def _weights(source: str) -> str:
    if source not in ("auto", "imagenet", "none") and not Path(_inside(source)).is_relative_to(paths.WEIGHTS):
        raise ValueError(f"expected auto, imagenet, none or a path in {paths.WEIGHTS}/, which DVC tracks")
    return source


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Dataset(Section):
    name: Name
    archive: Annotated[str, AfterValidator(_archive)]


class Ingest(Section):
    max_entries: Count
    max_total_bytes: Count
    max_entry_bytes: Count
    max_ratio: Annotated[float, Field(gt=1)]


class Validate(Section):
    seed: Annotated[int, Field(ge=1, lt=2**31)]
    val: Annotated[float, Field(gt=0, lt=1)]
    test: Annotated[float, Field(gt=0, lt=1)]
    leaks: Literal["stop", "drop_from_train", "split_again"]
    conflicts: Literal["stop", "drop"]
    min_per_class: Annotated[int, Field(ge=3)]
    max_imbalance: Annotated[float, Field(ge=1)]
    max_bad_fraction: Fraction
    min_size: Count
    min_contrast: Annotated[float, Field(ge=0, le=127)]
    max_low_contrast_fraction: Fraction
    max_shortcut_score: Annotated[float, Field(gt=0, le=1)]
    max_pixels: Annotated[int, Field(ge=64, le=89_478_485)]  # the upper end is Pillow's own limit
    max_seconds: Annotated[float, Field(gt=0, le=3600)]

    @model_validator(mode="after")
    def _check_that_a_training_split_is_left(self) -> "Validate":
        if self.val + self.test >= 1:
            raise ValueError(f"val + test must stay below 1, got {self.val + self.test:g}")
        return self


class Preprocess(Section):
    image_size: Size
    color: Literal["rgb", "grayscale", "binary"]
    fit: Literal["stretch", "crop", "pad", "nearest"]
    normalise: Literal["unit", "center", "standardise"]
    depth: Literal["refuse", "full", "window"]
    window: Annotated[list[float], Field(min_length=2, max_length=2)]
    icc: Literal["convert", "ignore"]

    @model_validator(mode="after")
    def _check_that_the_window_has_a_width(self) -> "Preprocess":
        if self.window[0] >= self.window[1]:
            raise ValueError(f"window: expected [low, high] with low below high, got {self.window}")
        return self


class Augment(Section):
    shift: Fraction
    rotation: Annotated[float, Field(ge=0, le=180)]
    zoom: Fraction
    shear: Annotated[float, Field(ge=0, lt=90)]
    flip_horizontal: bool | Literal["alternate"]
    flip_vertical: bool
    brightness: Fraction
    contrast: Fraction
    cutout: Fraction
    mixup: Annotated[float, Field(ge=0, le=10)]


class Optimization(Section):
    """How the loss is minimised."""

    optimizer: Literal["adam", "adamw", "sgd", "nesterov"]
    learning_rate: Rate
    weight_decay: Fraction
    schedule: Literal["constant", "cosine", "one_cycle"]
    label_smoothing: Fraction
    class_weights: Literal["none", "balanced"]
    ema: Fraction


class Model(Optimization):
    architecture: Literal[
        "tunable",
        "cats_dogs_cnn",
        "cifar10_convnet",
        "mnist_cnn",
        "lenet5",
        "alexnet",
        "zfnet",
        "vgg16",
        "vgg19",
        "inception",
        "resnet",
    ]
    blocks: Annotated[int, Field(ge=1, le=8)]
    convolutions: Annotated[int, Field(ge=1, le=4)]
    filters: Annotated[int, Field(ge=1, le=1024)]
    kernel: Literal[1, 3, 5, 7]
    convolution: Literal["standard", "separable", "depthwise", "dilated", "grouped"]
    padding: Literal["same", "valid"]
    pooling: Literal["max", "average"]
    batch_norm: bool
    whitening: bool
    residual: bool
    head: Literal["flatten", "average"]
    dense: Annotated[int, Field(ge=0, le=8192)]
    dropout: Fraction
    output: Literal["softmax", "sigmoid"]
    test_time_flip: bool


class Fit(Section):
    epochs: Count
    batch_size: Count | Literal["auto"]
    patience: Count
    keep: Literal["best", "last"]
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"]
    image_memory: Annotated[float, Field(gt=0, lt=1)] | Literal["auto"]


class Train(Fit):
    """Of the tuned network."""

    warm_start: bool


class Tune(Section):
    algorithm: Literal["hyperband", "bayesian", "random", "grid", "none"]
    trials: Count
    total_epochs: Annotated[int, Field(ge=0)]
    minutes: Annotated[float, Field(ge=0)]
    workers: Count | Literal["auto"]
    trials_per_gpu: Count
    fit: Fit
    space: dict[str, list[bool | int | float | str]]


class Head(Section):
    """The layers that are tried between a backbone's features and the classes."""

    dropout: Annotated[list[Fraction], Field(min_length=1)]
    units: Annotated[list[Annotated[int, Field(ge=0, le=8192)]], Field(min_length=1)]
    weight_decay: Annotated[list[Fraction], Field(min_length=1)]


class FineTune(Section):
    layers: Annotated[int, Field(ge=0)]
    learning_rate: Rate
    epochs: Count
    patience: Count


class Transfer(Section):
    backbones: list[Backbone]
    weights: Annotated[str, AfterValidator(_weights)]
    width: Annotated[float, Field(gt=0, le=2)]
    input_size: Annotated[int, Field(ge=32, le=1024)]  # 32: no backbone takes less
    copies: Annotated[int, Field(ge=0, le=100)]
    head: Head
    optimization: Optimization
    fit: Fit
    fine_tune: FineTune


class Curve(Section):
    fractions: list[Annotated[float, Field(gt=0, le=1)]]
    repeats: Count


class Labels(Section):
    method: Literal["features", "network", "none"]
    folds: Annotated[int, Field(ge=2, le=20)]


class Evaluate(Section):
    resamples: Annotated[int, Field(ge=100)]
    confidence: Confidence
    threshold: Literal["youden", "f1"]


class Compare(Section):
    metric: Literal["accuracy", "balanced_accuracy", "f1_macro"]
    seeds: Literal[0] | Annotated[int, Field(ge=2, le=100)]  # one has no variance
    resamples: Annotated[int, Field(ge=100)]
    confidence: Confidence


class Register(Section):
    model: Name  # or auto: see registered_name
    min_accuracy: Fraction
    confidence: Confidence
    max_class_loss: Annotated[float, Field(gt=0, lt=1)] | None


class Engine(Section):
    """Where the work is done. No stage depends on it: it changes no result."""

    kind: Literal["local", "ray"]
    address: Annotated[str, AfterValidator(_address)]
    images: Annotated[str, AfterValidator(_bucket)] | None
    shared: Annotated[str, AfterValidator(_bucket)] | None
    workers: Count | Literal["auto"]
    gpus_per_task: Annotated[float, Field(ge=0, le=16)]


with catch_warnings():
    # Sections are named after stages; two of them shadow class methods that nobody calls here. An explicit
    # Field keeps pydantic from taking the shadowed method for a default.
    filterwarnings("ignore", message='Field name "(validate|register)"', category=UserWarning)

    class Params(Section):
        seed: Annotated[int, Field(ge=1, lt=2**31)]  # Keras Tuner takes 0 for "no seed"
        dataset: Dataset
        ingest: Ingest
        validate: Validate = Field()  # type: ignore[assignment]  # which is the shadowing
        preprocess: Preprocess
        augment: Augment
        model: Model
        tune: Tune
        train: Train
        transfer: Transfer
        curve: Curve
        labels: Labels
        evaluate: Evaluate
        compare: Compare
        register: Register = Field()
        engine: Engine

        @model_validator(mode="after")
        def _check_that_pooling_leaves_a_pixel(self) -> "Params":
            blocks = max([self.model.blocks, *(v for v in self.tune.space.get("blocks", []) if isinstance(v, int))])
            if self.model.architecture == "tunable" and self.preprocess.image_size >> blocks < 1:
                raise ValueError(
                    f"preprocess.image_size {self.preprocess.image_size} leaves nothing after {blocks} poolings by 2"
                )
            return self

        @model_validator(mode="after")
        def _check_every_value_of_the_search_space(self) -> "Params":
            for hparam, values in self.tune.space.items():
                if hparam not in Model.model_fields:
                    suggestion = params_errors.did_you_mean(hparam, Model.model_fields)
                    raise ValueError(f"unknown hyperparameter tune.space.{hparam}{suggestion}")
                if not values or len(set(map(repr, values))) < len(values):
                    raise ValueError(f"tune.space.{hparam}: expected different values, got {values}")
                for value in values:
                    with_value(self.model, hparam, value)
            return self


def with_value(model: Model, hparam: str, value: object) -> Model:
    """Return `model` with another value of one hyperparameter. Raises ValueError when the value is out of range."""
    try:
        return Model.model_validate({**model.model_dump(), hparam: value})
    except ValidationError as fault:
        raise ValueError(f"tune.space.{hparam}: {params_errors.format_reason(fault.errors()[0])}") from fault


def registered_name(p: Params) -> str:
    """Return the name in the model registry: `auto` follows the data set, so that no two data sets share one."""
    return f"{p.dataset.name}-classifier" if p.register.model == "auto" else p.register.model


def load(path: Path = paths.PARAMS) -> Params:
    """Read and check the file. Raises ParamsError (exit 2) that names every mistake in one line."""
    return check(read(path), where=path)


def read(path: Path) -> object:
    """Parse a YAML file. Raises ParamsError (exit 2) when it is missing or is not plain YAML."""
    try:
        return plain_yaml.load(path)
    except FileNotFoundError as fault:
        fix = "run from the repository root"
        raise ParamsError("E_PARAMS", "there is no such file", where=path, fix=fix) from fault
    except ValueError as fault:
        raise ParamsError("E_PARAMS", str(fault), where=path, fix="correct the YAML at that place") from fault


def check(values: object, *, where: Path) -> Params:
    """Return the `values` of the file `where`, typed. Raises ParamsError (exit 2) that names every mistake."""
    try:
        return Params.model_validate(values)
    except ValidationError as fault:
        mistakes = "; ".join(params_errors.format_error(error, Params) for error in fault.errors())
        what = params_errors.shortened(mistakes, MISTAKES)
        raise ParamsError(
            "E_PARAMS", what, where=where, fix="correct it; presets/defaults.yaml has every key and its unit"
        ) from fault


def flat(section: BaseModel | Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Return every leaf under its dotted name, as in `{'train.epochs': 40, ...}`."""
    leaves: dict[str, object] = {}
    for key, value in dict(section).items():
        if isinstance(value, BaseModel | Mapping):
            leaves |= flat(value, f"{prefix}{key}.")
        else:
            leaves[f"{prefix}{key}"] = value
    return leaves
