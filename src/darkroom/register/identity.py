"""Which model a folder holds, whatever file it lies in and whenever that was written.

What decides an answer is the network, the classes, and how an image becomes its input; a mere limit, such as that on
pixels, is not part of it.
"""

from pathlib import Path

from darkroom.runtime import files
from darkroom.saving import keras_file
from darkroom.saving.model_folder import CLASSES, MODEL

INPUT = ("classes", "image_size", "color", "fit")  # of classes.json


def digest(folder: Path) -> str:
    """16 hex digits that two model folders share when they answer alike: equal network, weights, classes and input."""
    spec = files.read_json(folder / CLASSES)
    return files.fingerprint(keras_file.digest(folder / MODEL), [spec.get(key) for key in INPUT])
