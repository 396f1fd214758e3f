"""A model as a SavedModel, which TensorFlow Serving, TensorFlow itself and its converters read."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from darkroom.export import tracing
from darkroom.saving.export_folder import PROBABILITIES

if TYPE_CHECKING:
    import keras

SIGNATURE = "serving_default"  # what TensorFlow Serving looks for
METADATA = Path("assets.extra/darkroom.json")  # a folder that TensorFlow leaves to its users


def write(model: "keras.Model", folder: Path, metadata: Mapping[str, str]) -> None:
    """Write `model` with one signature, `images` to `probabilities`, and the metadata as a JSON object."""
    import tensorflow as tf

    module = tf.Module()
    module.network, module.weights = tracing.function(model), [variable.value for variable in model.variables]
    # keras.export.ExportArchive of Keras 3.15 writes the weights twice
    tf.saved_model.save(module, str(folder), signatures={SIGNATURE: module.network})
    (folder / METADATA).parent.mkdir()
    (folder / METADATA).write_text(json.dumps(dict(metadata), ensure_ascii=False), encoding="utf-8")


def opened(folder: Path) -> Callable[[np.ndarray], np.ndarray]:
    """Return the model of a folder that `write` wrote: uint8 `(n, s, s, c)` to float32 `(n, k)`."""
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder))
    run = loaded.signatures[SIGNATURE]

    def predict(images: np.ndarray, loaded: object = loaded) -> np.ndarray:  # `run` alone lets go of the weights
        return run(images=tf.constant(images))[PROBABILITIES].numpy()

    return predict
