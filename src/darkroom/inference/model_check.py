"""Check what a .keras file declares before Keras opens it: the digest may be right and the author hostile.

Keras refuses to run Python code that a file contains. This module goes further: only the kinds of objects that
networks consist of are built at all, and none with more parameters than the file has weights.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from darkroom.saving.keras_file import CONFIG, METADATA, WEIGHTS

LARGEST = {METADATA: 1 << 16, CONFIG: 1 << 26}  # bytes, far above those of any network
RATIO = 100  # of unpacked to packed weights, which Keras does not even pack
CHUNK = 1 << 20  # bytes
MODULES = (
    "keras.activations", "keras.constraints", "keras.initializers", "keras.layers", "keras.models",
    "keras.regularizers", "keras.src.applications", "keras.src.models", "keras.src.ops",
)  # fmt: skip
TOP_LEVEL = {"DTypePolicy", "Functional", "Model", "Sequential"}  # classes of the module `keras` itself
TENSORS = {"__keras_tensor__", "__numpy__", "__tensor__"}  # values, they have no module
FORBIDDEN = {  # layers that run other code, or read files that the config names
    "FlaxLayer", "IntegerLookup", "JaxLayer", "Lambda", "StringLookup", "TFSMLayer", "TextVectorization",
    "TorchModuleWrapper",
}  # fmt: skip


def check(path: Path) -> None:
    """Raise ValueError, or whatever reading a damaged zip or JSON raises, for a file that Keras should not open."""
    with ZipFile(path) as archive:
        if Counter(archive.namelist()) != Counter((METADATA, CONFIG, WEIGHTS)):
            raise ValueError("its files are not those of a saved network")
        for member in archive.infolist():
            if member.file_size > LARGEST.get(member.filename, RATIO * member.compress_size):
                raise ValueError(f"its {member.filename} would unpack to {member.file_size} bytes")
            with archive.open(member) as file:  # to its end, where zipfile compares the checksum
                while file.read(CHUNK):
                    pass
        for entry in _objects(json.loads(archive.read(CONFIG))):
            _require_plain(entry)


def saved_by(path: Path) -> str:
    """The version of Keras that wrote the file, "unknown" when that cannot be read."""
    try:
        with ZipFile(path) as archive:
            return str(json.loads(archive.read(METADATA))["keras_version"])[:20]
    except Exception:  # only used to explain why the file is bad
        return "unknown"


@contextmanager
def limit_parameters(path: Path) -> Iterator[None]:
    """Let Keras build no layers in the block with more parameters than the file has bytes of weights.

    Keras allocates the arrays that a config asks for before it reads the weights, and a single number in it can ask
    for more than there is memory. The price: in the block Keras' `Layer.add_weight` is replaced.
    """
    import keras

    with ZipFile(path) as archive:
        remaining = archive.getinfo(WEIGHTS).file_size
    original = keras.layers.Layer.add_weight

    def add_weight(layer: keras.Layer, *args: Any, shape: object = None, **options: Any) -> object:
        nonlocal remaining
        remaining -= max(math.prod(arg) for arg in (*args, shape, ()) if isinstance(arg, list | tuple))
        if remaining < 0:
            raise ValueError("its layers would be larger than its weights")
        return original(layer, *args, shape=shape, **options)

    keras.layers.Layer.add_weight = add_weight
    try:
        yield
    finally:
        keras.layers.Layer.add_weight = original


def _objects(config: object) -> Iterator[dict]:
    """Every serialised object in a config, at any depth."""
    stack = [config]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack += value.values()
            if "class_name" in value:
                yield value
        elif isinstance(value, list):
            stack += value


def _require_plain(entry: dict) -> None:
    name, module, registered = (entry.get(key) for key in ("class_name", "module", "registered_name"))
    allowed = (
        module in MODULES
        or str(module).startswith(tuple(f"{prefix}." for prefix in MODULES))
        or (module == "keras" and name in TOP_LEVEL)
        or (module is None and name in TENSORS)
    )
    if not allowed or name in FORBIDDEN or registered not in (None, name):
        raise ValueError(f"it asks for {registered or name} of {module}, which does not belong to a plain network")
