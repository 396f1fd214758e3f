"""Load a model folder and compute probabilities of images that are already arrays."""

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import ConfigDict, Field, ValidationError

from darkroom.inference import model_check
from darkroom.params import Section, Size
from darkroom.runtime import sealing
from darkroom.runtime.errors import ArtifactError
from darkroom.saving import model_folder
from darkroom.saving.model_folder import CLASSES, MODEL, InputSpec

if TYPE_CHECKING:
    import keras

BATCH = 256  # images at a time
CHANNELS = {"rgb": 3, "grayscale": 1, "binary": 1}


class _Levels(Section):
    depth: Literal["refuse", "full", "window"]
    window: Annotated[list[float], Field(min_length=2, max_length=2)] | None
    icc: Literal["convert", "ignore"]


class _Spec(Section):
    """What classes.json must contain for images to be decoded; it may contain more."""

    model_config = ConfigDict(extra="allow")

    classes: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
    image_size: Size
    color: Literal["rgb", "grayscale", "binary"]
    fit: Literal["stretch", "crop", "pad", "nearest"]
    max_pixels: Annotated[int, Field(ge=1)]
    levels: _Levels | None = None  # models of earlier releases have none


def load(folder: Path) -> tuple["keras.Model", InputSpec]:
    """The Keras model of a folder that `model_folder.write` wrote, and its input spec.

    Raises ArtifactError (exit 4) when a file is missing or differs from the folder's inventory, when the network
    asks for more than plain layers, or for other images or classes than the spec. No code of the folder runs.
    """
    spec, path = read_spec(folder), folder / MODEL
    try:
        model_check.check(path)
        import keras  # seven seconds with TensorFlow, after all that can fail quickly

        with model_check.limit_parameters(path):
            model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as fault:  # of any kind: zipfile, json and Keras raise nearly all there are
        raise _unusable(path, f"cannot be loaded: {_first_line(fault)} ({_versions(path)})") from fault
    size = spec["image_size"]
    actual = _signature(model)
    expected = "uint8", (None, size, size, CHANNELS[spec["color"]]), (None, len(spec["classes"]))
    if actual != expected:
        raise _unusable(path, f"has input dtype, input shape and output shape {actual}, {CLASSES} asks for {expected}")
    return model, spec


def read_spec(folder: Path) -> InputSpec:
    """The input spec of a model folder. Raises ArtifactError (exit 4) when the folder or the spec cannot be used."""
    if not folder.is_dir():
        raise ArtifactError("E_MODEL", "there is no such model folder", where=folder, fix="run `dvc repro`")
    sealing.verify(folder)
    spec, path = model_folder.read_spec(folder), folder / CLASSES
    try:
        _Spec.model_validate(spec)
    except ValidationError as fault:
        first = fault.errors()[0]
        message = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise _unusable(path, f"is not what darkroom writes ({message[:200]})") from fault
    if len(set(spec["classes"])) < len(spec["classes"]):
        raise _unusable(path, "names a class twice")
    return spec


def probabilities(model: "keras.Model", images: np.ndarray) -> np.ndarray:
    """float32 `(n, k)` for images uint8 `(n, s, s, c)`, in batches, so that a memory map is never read whole.

    Raises ArtifactError (exit 4) when the model returns NaN or infinity.
    """
    starts = range(0, len(images), BATCH)
    batches = [np.asarray(model.predict_on_batch(np.asarray(images[i : i + BATCH]))) for i in starts]
    return require_finite(np.concatenate(batches), model.name)


def require_finite(values: np.ndarray, name: str) -> np.ndarray:
    """Return probabilities as float32. Raises ArtifactError (exit 4) on NaN or infinity, and names the model."""
    if not np.isfinite(values).all():
        raise ArtifactError("E_MODEL", "the model gives NaN", where=name, fix="run `dvc repro -f train`")
    return values.astype("float32")


def _signature(model: "keras.Model") -> tuple:
    """The input dtype, input shape and output shape; empty for a model with several inputs or outputs."""
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        return ()
    return model.inputs[0].dtype, tuple(model.inputs[0].shape), tuple(model.outputs[0].shape)


def _versions(path: Path) -> str:
    return f"saved by Keras {model_check.saved_by(path)}, here is {version('keras')}"


def _first_line(fault: Exception) -> str:
    return f"{type(fault).__name__}: {fault}".splitlines()[0][:200]


def _unusable(path: Path, why: str) -> ArtifactError:
    return ArtifactError("E_MODEL", f"{path.name} {why}", where=path, fix="run `dvc repro`, or `dvc repro -f STAGE`")
