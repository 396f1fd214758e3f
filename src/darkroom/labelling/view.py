"""What a model says of images, and what it sees in them."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from darkroom.inference import inference, scaling
from darkroom.novelty import penultimate
from darkroom.runtime.errors import ArtifactError
from darkroom.saving.model_folder import InputSpec


class Seen(NamedTuple):
    features: np.ndarray  # float32 (n, d), see `novelty.penultimate`
    probabilities: np.ndarray  # float (n, k), calibrated where a temperature is known


class View(NamedTuple):
    spec: InputSpec
    look: Callable[[np.ndarray], Seen]  # at images uint8 (n, s, s, c)


def of_model_folder(folder: Path, temperature: float | None) -> View:
    """The view of a model folder that training wrote. Raises ArtifactError (exit 4) when it cannot be used."""
    network, spec = inference.load(folder)
    model = penultimate.with_features(network)
    if model is None:
        what = "the network has no dense layer, so there is nothing to compare images by"
        raise ArtifactError("E_MODEL", what, where=folder, fix="name another model with --model")

    def look(images: np.ndarray) -> Seen:
        features, probabilities = map(np.asarray, model.predict_on_batch(images))
        probabilities = inference.require_finite(probabilities, folder.name)
        return Seen(features, probabilities if temperature is None else scaling.scale(probabilities, temperature))

    return View(spec, look)
