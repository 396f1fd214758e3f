"""What a .keras file declares, looked at before Keras opens it: its digest may be right and its maker not.

Keras refuses to run Python code that a file brings along. This goes further: only the kinds of objects that a
network is made of are built at all, and no larger ones than the weights in the file fill.
"""

import json
import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

from darkroom.saving.keras_file import CONFIG, METADATA, WEIGHTS

LARGEST = {METADATA: 1 << 16, CONFIG: 1 << 26}  # bytes, far above those of any network
RATIO = 100  # of unpacked to packed weights, which Keras does not even pack
CHUNK = 1 << 20  # bytes
PARTS = (
    "keras.activations", "keras.constraints", "keras.initializers", "keras.layers", "keras.models",
    "keras.regularizers", "keras.src.applications", "keras.src.models", "keras.src.ops",
)  # fmt: skip
PLAIN = {"DTypePolicy", "Functional", "Model", "Sequential"}  # what may come from `keras` itself
TENSORS = {"__keras_tensor__", "__numpy__", "__tensor__"}  # values, which have no module
BEYOND = {  # layers that run code of others, or read files that are named in the config
    "FlaxLayer", "IntegerLookup", "JaxLayer", "Lambda", "StringLookup", "TFSMLayer", "TextVectorization",
    "TorchModuleWrapper",
}  # fmt: skip


def check(path: Path) -> None:
    """Raises ValueError, or whatever reading a damaged zip or JSON raises, for a file that Keras should not open."""
    with ZipFile(path) as archive:
        if Counter(archive.namelist()) != Counter((METADATA, CONFIG, WEIGHTS)):
            raise ValueError("it holds other files than a saved network does")
        for member in archive.infolist():
            if member.file_size > LARGEST.get(member.filename, RATIO * member.compress_size):
                raise ValueError(f"its {member.filename} would unpack to {member.file_size} bytes")
            with archive.open(member) as file:  # to its end, where zipfile compares the checksum
                while file.read(CHUNK):
                    pass
        for entry in _objects(json.loads(archive.read(CONFIG))):
            _require_plain(entry)


def saved_by(path: Path) -> str:
    """The version of Keras that wrote the file, as far as that can be read."""
    try:
        with ZipFile(path) as archive:
            return str(json.loads(archive.read(METADATA))["keras_version"])[:20]
    except Exception:  # only ever asked to explain why the file is bad
        return "unknown"


@contextmanager
def filled(path: Path) -> Iterator[None]:
    """In the block no layers are built that have more parameters than the file has bytes of weights.

    Keras makes the arrays that a config asks for before it looks at the weights, and one number in it asks for more
    than there is memory. The price: for the time being Keras' `Layer.add_weight` is ours.
    """
    import keras

    with ZipFile(path) as archive:
        left = archive.getinfo(WEIGHTS).file_size
    whole = keras.layers.Layer.add_weight

    def counted(layer, *arguments, shape=None, **options):
        nonlocal left
        left -= max(math.prod(some) for some in (*arguments, shape, ()) if isinstance(some, list | tuple))
        if left < 0:
            raise ValueError("its layers would be larger than its weights")
        return whole(layer, *arguments, shape=shape, **options)

    keras.layers.Layer.add_weight = counted
    try:
        yield
    finally:
        keras.layers.Layer.add_weight = whole


def _objects(config: object) -> Iterator[dict]:
    """Every serialised object in a config, at any depth."""
    ahead = [config]
    while ahead:
        value = ahead.pop()
        if isinstance(value, dict):
            ahead += value.values()
            if "class_name" in value:
                yield value
        elif isinstance(value, list):
            ahead += value


def _require_plain(entry: dict) -> None:
    name, module, registered = (entry.get(key) for key in ("class_name", "module", "registered_name"))
    known = module in PARTS or str(module).startswith(tuple(f"{part}." for part in PARTS))
    known = known or (module == "keras" and name in PLAIN) or (module is None and name in TENSORS)
    if not known or name in BEYOND or registered not in (None, name):
        raise ValueError(f"it asks for {registered or name} of {module}, which is no part of a plain network")
