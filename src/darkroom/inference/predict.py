"""A model folder and images in, probabilities out. Images are decoded as they were for training."""

from collections.abc import Iterator, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import ConfigDict, Field, ValidationError

from darkroom.decoding import bounds, decode
from darkroom.inference import model_check
from darkroom.params import Section, Size
from darkroom.runtime import files, sealing
from darkroom.runtime.errors import ArtifactError, DataError
from darkroom.workers import parallel
from darkroom.workers.item_pool import Limits, Loss

BATCH = 256  # images at a time


class Spec(Section):
    """What classes.json must say for images to be decoded; it may say more."""

    model_config = ConfigDict(extra="allow")

    classes: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]
    image_size: Size
    color: Literal["rgb", "grayscale", "binary"]
    fit: Literal["stretch", "crop", "pad", "nearest"]
    max_pixels: Annotated[int, Field(ge=1)]


def load(folder: Path) -> tuple[object, dict]:
    """The Keras model of a folder that `learning.saved` wrote, and its input spec.

    Raises ArtifactError (exit 4) when a file is missing or differs from the folder's inventory, when the network
    asks for more than plain layers, or for other images or classes than the spec. No code of the folder runs.
    """
    spec, path = _spec(folder), folder / "model.keras"
    try:
        model_check.check(path)
        import keras  # seven seconds with TensorFlow, after all that can fail quickly

        with model_check.filled(path):
            model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as fault:  # of any kind: zipfile, json and Keras raise nearly all there are
        raise _unusable(path, f"cannot be loaded: {_told(fault)} ({_versions(path)})") from fault
    side, channels = spec["image_size"], 3 if spec["color"] == "rgb" else 1
    found, wanted = _ends(model), ("uint8", (None, side, side, channels), (None, len(spec["classes"])))
    if found != wanted:
        raise _unusable(path, f"takes and gives {found}, while classes.json says {wanted}")
    return model, spec


def probabilities(model, images: np.ndarray) -> np.ndarray:
    """float32 `(n, k)` for images uint8 `(n, s, s, c)`, in chunks, so that a memory map is never read whole.

    Raises ArtifactError (exit 4) when the model gives a number that is none.
    """
    starts = range(0, len(images), BATCH)
    found = np.concatenate([np.asarray(model.predict_on_batch(np.asarray(images[i : i + BATCH]))) for i in starts])
    if not np.isfinite(found).all():
        raise ArtifactError("E_MODEL", "the model gives NaN", where=model.name, fix="run `dvc repro -f train`")
    return found.astype("float32")


def predict_files(folder: Path, paths: Sequence[Path]) -> Iterator[tuple[Path, dict[str, float] | DataError]]:
    """For each path the probability of each class, the likeliest first, or what is wrong with the file."""
    spec, model = _spec(folder), None
    images = decoded(paths, spec)
    for start in range(0, len(paths), BATCH):
        batch = list(zip(paths[start : start + BATCH], images, strict=False))  # of `images` only as many
        good = [image for _, image in batch if isinstance(image, np.ndarray)]
        if good and model is None:
            model, _ = load(folder)
        rows = iter(probabilities(model, np.stack(good)) if good else ())
        for path, image in batch:
            yield path, image if isinstance(image, DataError) else _ranked(spec["classes"], next(rows))


def decoded(paths: Sequence[Path], spec: dict) -> Iterator[np.ndarray | DataError]:
    """Each image as a model of `spec` sees it, uint8 `(s, s, c)`, or what is wrong with the file, in order.

    It is decoded where one that never ends can be killed.
    """
    settings = {name: spec[name] for name in ("color", "fit", "max_pixels")}
    make = partial(_image, settings={"size": spec["image_size"], **settings})
    limits = bounds.of(spec["max_pixels"])
    return iter(parallel.map(make, paths, title="decoding", lost=partial(_lost, limits=limits), limits=limits))


def _spec(folder: Path) -> dict:
    if not folder.is_dir():
        raise ArtifactError("E_MODEL", "there is no such model folder", where=folder, fix="run `dvc repro`")
    sealing.verify(folder)
    spec = files.read_object(folder / "classes.json")
    try:
        Spec.model_validate(spec)
    except ValidationError as fault:
        first = fault.errors()[0]
        told = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise _unusable(folder / "classes.json", f"is not what darkroom writes ({told[:200]})") from fault
    if len(set(spec["classes"])) < len(spec["classes"]):
        raise _unusable(folder / "classes.json", "names a class twice")
    return spec


def _ends(model) -> tuple:
    """The dtype and shape that a network takes, and the shape it gives; nothing when it has several of either."""
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        return ()
    return model.inputs[0].dtype, tuple(model.inputs[0].shape), tuple(model.outputs[0].shape)


def _versions(path: Path) -> str:
    return f"saved by Keras {model_check.saved_by(path)}, here is {version('keras')}"


def _told(fault: Exception) -> str:
    return f"{type(fault).__name__}: {fault}".splitlines()[0][:200]


def _unusable(path: Path, why: str) -> ArtifactError:
    return ArtifactError("E_MODEL", f"{path.name} {why}", where=path, fix="run `dvc repro`, or `dvc repro -f STAGE`")


def _ranked(classes: Sequence[str], row: np.ndarray) -> dict[str, float]:
    return {name: float(p) for name, p in sorted(zip(classes, row, strict=True), key=lambda pair: -pair[1])}


def _image(path: Path, *, settings: dict) -> np.ndarray | DataError:
    try:
        return decode.to_array(path.read_bytes(), **settings)
    except OSError as fault:
        return DataError("E_IMAGE", fault.strerror, where=path, fix="name an image file")
    except decode.BadImage as fault:
        return _bad_image(path, str(fault))


def _lost(path: Path, loss: Loss, *, limits: Limits) -> DataError:
    return _bad_image(path, bounds.reason(loss, limits))


def _bad_image(path: Path, why: str) -> DataError:
    return DataError("E_IMAGE", why, where=path, fix="mend it or leave it out")
