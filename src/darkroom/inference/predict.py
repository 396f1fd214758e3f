"""Predict the classes of image files. They are decoded as the images that the model was trained on."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from darkroom.decoding import bounds, decode, levels
from darkroom.decoding.decode import PackSettings
from darkroom.inference import inference
from darkroom.inference.inference import BATCH
from darkroom.runtime.errors import DataError
from darkroom.saving.model_folder import InputSpec
from darkroom.workers import parallel
from darkroom.workers.serving import Limits, Loss

File = TypeVar("File")  # whatever `read` reads; as text it is the name that an error shows

Name = TypeVar("Name")


def predict_files(folder: Path, paths: Sequence[Path]) -> Iterator[tuple[Path, dict[str, float] | DataError]]:
    """For each path the probability of each class, the likeliest first, or the error of the file.

    Raises ArtifactError (exit 4) when the model folder cannot be used.
    """
    spec = inference.read_spec(folder)
    images = zip(paths, decoded(paths, spec, Path.read_bytes), strict=True)
    yield from predict_images(images, spec["classes"], lambda: inference.load(folder)[0])


def predict_images(
    images: Iterator[tuple[Name, np.ndarray | DataError]], classes: Sequence[str], load: Callable[[], Any]
) -> Iterator[tuple[Name, dict[str, float] | DataError]]:
    """Do as `predict_files`, for images that are decoded: inputs of the model uint8 `(s, s, c)`, or errors.

    `load` returns the Keras model, and is called once there is an image that can be used.
    """
    model = None
    while batch := list(islice(images, BATCH)):
        usable = [image for _, image in batch if isinstance(image, np.ndarray)]
        if usable and model is None:
            model = load()
        rows = iter(inference.probabilities(model, np.stack(usable)) if usable else ())
        for name, image in batch:
            yield name, image if isinstance(image, DataError) else _ranked(classes, next(rows))


def decoded(files: Sequence[File], spec: InputSpec, read: Callable[[File], bytes]) -> Iterator[np.ndarray | DataError]:
    """Each file as the input of a model with `spec`, uint8 `(s, s, c)`, or its error, in the order of `files`.

    Worker processes decode, so that an image that never ends can be killed.
    """
    settings = pack_settings(spec)
    limits = bounds.worker_limits(settings.max_pixels)
    work, lost = partial(_decode, read=read, settings=settings), partial(_lost, limits=limits)
    return iter(parallel.map(work, files, title="decoding", lost=lost, limits=limits))


def pack_settings(spec: InputSpec) -> PackSettings:
    """How a model with `spec` wants its images made."""
    return PackSettings(
        spec["image_size"], spec["color"], spec["fit"], spec["max_pixels"], levels=levels.from_spec(spec)
    )


def _ranked(classes: Sequence[str], row: np.ndarray) -> dict[str, float]:
    return {name: float(p) for name, p in sorted(zip(classes, row, strict=True), key=lambda pair: -pair[1])}


def _decode(file: File, *, read: Callable[[File], bytes], settings: PackSettings) -> np.ndarray | DataError:
    try:
        return decode.to_array(read(file), settings)
    except OSError as fault:
        return DataError("E_IMAGE", fault.strerror or str(fault), where=file, fix="name an image file")
    except decode.BadImage as fault:
        return _bad_image(file, str(fault))


def _lost(file: object, loss: Loss, *, limits: Limits) -> DataError:
    return _bad_image(file, bounds.reason(loss, limits))


def _bad_image(file: object, why: str) -> DataError:
    return DataError("E_IMAGE", why, where=file, fix="repair it or leave it out")
