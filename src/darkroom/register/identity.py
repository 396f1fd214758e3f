"""Identify a model by what decides its answers, whatever file it lies in and whenever that was written.

These are the network, the classes, and how an image becomes its input. A limit, such as that on pixels, is no part.
"""

from functools import lru_cache
from pathlib import Path

from darkroom.runtime import files
from darkroom.saving import keras_file, model_folder
from darkroom.saving.model_folder import DECODING, MODEL


def digest(folder: Path) -> str:
    """16 hex digits that are equal for model folders with equal network, weights, classes and input."""
    spec, path = model_folder.read_spec(folder), folder / MODEL
    status = path.stat()
    network = _network_digest(path, status.st_ino, status.st_size, status.st_mtime_ns)
    return files.fingerprint(network, [spec.get(key) for key in ("classes", *DECODING) if key in spec])


@lru_cache
def _network_digest(path: Path, *status: int) -> str:
    """The digest of a .keras file, computed once per process while its `status` stays the same."""
    return keras_file.digest(path)
