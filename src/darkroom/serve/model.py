"""A model that answers: what computes its probabilities, how its images are made, and what it is called."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from darkroom.decoding.decode import PackSettings
from darkroom.inference import inference, onnx_model
from darkroom.inference.onnx_model import Predict
from darkroom.inference.predict import pack_settings
from darkroom.register import identity
from darkroom.runtime import sealing
from darkroom.saving import export_folder, model_folder

Engine = Literal["onnx", "keras"]


class ServedModel(NamedTuple):
    """A model that is loaded and has predicted once."""

    name: str
    digest: str  # see `register.identity`
    classes: tuple[str, ...]
    settings: PackSettings
    temperature: float | None  # None: not known
    predict: Predict
    seal: str  # equal for folders with equal files

    def label(self, probabilities: np.ndarray) -> str:
        """The likeliest class of probabilities (k,)."""
        return self.classes[int(probabilities.argmax())]


def open_onnx(folder: Path, threads: int) -> ServedModel:
    """Open a folder that `darkroom export --to onnx` wrote. Raises ArtifactError (exit 4)."""
    seal = _seal(folder)
    predict, spec = onnx_model.load(folder, threads)
    facts = export_folder.read_facts(folder)
    return _warm(ServedModel(facts["model"], facts["digest"], *_input(spec), facts["temperature"], predict, seal))


def open_keras(folder: Path) -> ServedModel:
    """Open a model folder with Keras, which takes seconds. Raises ArtifactError (exit 4)."""
    seal = _seal(folder)
    network, spec = inference.load(folder)
    name, digest = model_folder.read_facts(folder)["name"], identity.digest(folder)
    computed = partial(_computed, network)
    return _warm(ServedModel(name, digest, *_input(spec), None, computed, seal))


OPEN: dict[Engine, Callable[[Path, int], ServedModel]] = {
    "onnx": open_onnx,
    "keras": lambda folder, threads: open_keras(folder),
}


def _computed(network: Any, images: np.ndarray) -> np.ndarray:
    return np.asarray(network.predict_on_batch(images))


def _seal(folder: Path) -> str:
    """The digest of the folder; "" where it has none, which loading it then reports."""
    return sealing.digest_of(folder) if (folder / sealing.INVENTORY).is_file() else ""


def _input(spec: model_folder.InputSpec) -> tuple[tuple[str, ...], PackSettings]:
    return tuple(spec["classes"]), pack_settings(spec)


def _warm(model: ServedModel) -> ServedModel:
    size, channels = model.settings.size, model.settings.channels
    model.predict(np.zeros((1, size, size, channels), np.uint8))
    return model
