"""Read the arrays of a file that `torch.save` wrote before PyTorch 1.6, without PyTorch and without trusting the file.

Such a file is a row of pickles (a magic number, the version of the format, facts of the machine, the object, the keys
of its storages), then the storages: each the number of its values, int64, and the values, all little-endian
(torch/serialization.py, `_legacy_save`). A pickle is a program that may call whatever it can import. Here it can
import the four names of `ALLOWED`, which build records of numbers and strings; any other name is refused before it is
looked up. The file's SHA-256 is compared before its first byte is interpreted.
"""

import hashlib
import pickle
from collections import OrderedDict
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from darkroom.runtime.errors import ArtifactError

MAGIC = 0x1950A86A20F9469CFC6C
COUNT = np.dtype("<i8")  # of the values of a storage


class Storage(NamedTuple):
    dtype: str
    key: str


class Tensor(NamedTuple):
    """A view of a storage; offset and strides count values."""

    storage: Storage
    offset: int
    shape: Sequence[int]
    strides: Sequence[int]


def _tensor(storage: Storage, offset: int, shape: Sequence[int], strides: Sequence[int], *_: object) -> Tensor:
    """In place of PyTorch's `_rebuild_tensor_v2`; the rest of its arguments serves gradients."""
    return Tensor(storage, offset, shape, strides)


ALLOWED = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch", "FloatStorage"): "<f4",
    ("torch", "LongStorage"): "<i8",
}


class Forbidden(Exception):
    """A pickle asks for a name that is not allowed."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise Forbidden(f"{module}.{name}")
        return ALLOWED[module, name]

    def persistent_load(self, pid: Any) -> Storage:
        _, dtype, key, *_ = pid
        return Storage(dtype, key)


def read(path: Path, sha256: str) -> dict[str, np.ndarray]:
    """Return the arrays of the file by name, float32 or int64, in the order in which they were saved.

    Raises ArtifactError (exit 4) unless the file has this SHA-256, 64 hex digits, is whole, and holds a dictionary of
    arrays and nothing that asks for more than that.
    """
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise _unusable(f"{path.name} is damaged or another file: its SHA-256 is not {sha256[:12]}...", path)
    try:
        return _arrays(BytesIO(data))
    except Forbidden as fault:
        raise _unusable(f"{path.name} asks for {fault}, which no file of weights needs", path) from fault
    except Exception as fault:  # what a damaged pickle raises has no common type
        raise _unusable(f"{path.name} is no file of torch.save, or a damaged one", path) from fault


def _arrays(file: BytesIO) -> dict[str, np.ndarray]:
    magic, _version, _machine, tensors, keys = (_Unpickler(file).load() for _ in range(5))
    if magic != MAGIC:
        raise ValueError(f"expected {MAGIC:#x}, found {magic}")
    dtypes = {tensor.storage.key: np.dtype(tensor.storage.dtype) for tensor in tensors.values()}
    buffers = {key: _buffer(file, dtypes[key]) for key in keys}
    if file.read(1):
        raise ValueError("more bytes than storages")
    return {name: _array(tensor, buffers[tensor.storage.key]) for name, tensor in tensors.items()}


def _buffer(file: BytesIO, dtype: np.dtype) -> bytes:
    (count,) = np.frombuffer(file.read(COUNT.itemsize), COUNT).tolist()
    values = file.read(count * dtype.itemsize)
    if len(values) != count * dtype.itemsize:
        raise ValueError(f"expected {count} values of {dtype.itemsize} bytes, found {len(values)} bytes")
    return values


def _array(tensor: Tensor, buffer: bytes) -> np.ndarray:
    """NumPy raises TypeError or ValueError if the view reaches beyond the buffer."""
    dtype = np.dtype(tensor.storage.dtype)
    strides = [stride * dtype.itemsize for stride in tensor.strides]
    return np.ndarray(tuple(tensor.shape), dtype, buffer, tensor.offset * dtype.itemsize, strides)


def _unusable(what: str, path: Path) -> ArtifactError:
    return ArtifactError("E_WEIGHTS", what, where=path, fix="install its package again, from an index that you trust")
