"""A model that answers: its input spec, read at once, and what computes, loaded when it is first needed."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from darkroom.inference import inference
from darkroom.inference.answers import Outputs
from darkroom.novelty import penultimate, reference
from darkroom.saving.model_folder import InputSpec

Compute = Callable[[np.ndarray], Outputs]  # of images uint8 (n, s, s, c)


class Classifier(NamedTuple):
    spec: InputSpec
    load: Callable[[], Compute]  # once: it returns the same again


def of_model_folder(folder: Path) -> Classifier:
    """A model folder that training wrote. Both steps raise ArtifactError (exit 4) when it cannot be used."""
    return Classifier(inference.read_spec(folder), cache(lambda: _load_keras(folder)))


def of_exported(folder: Path, threads: int) -> Classifier:
    """An ONNX model that `darkroom export` wrote; it computes in `threads` threads.

    Raises ArtifactError (exit 4) when it cannot be used, EnvironmentFault (exit 5) without ONNX Runtime.
    """
    from darkroom.inference import onnx_model

    compute, spec = onnx_model.load(folder, threads)
    return Classifier(spec, lambda: lambda images: Outputs(inference.require_finite(compute(images), folder.name)))


def _load_keras(folder: Path) -> Compute:
    network, _ = inference.load(folder)
    known = reference.read(folder)
    model = penultimate.with_features(network) if known else None
    if known is None or model is None:
        return lambda images: Outputs(inference.probabilities(network, images))

    def compute(images: np.ndarray) -> Outputs:
        features, probabilities = map(np.asarray, model.predict_on_batch(images))
        return Outputs(inference.require_finite(probabilities, folder.name), reference.score(known, features))

    return compute
