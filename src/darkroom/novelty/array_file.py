"""Small arrays in a file of a model folder, which is checked before it is believed: it may come from anywhere."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol
from zipfile import ZipFile

import numpy as np

from darkroom.runtime.errors import ArtifactError

LARGEST = 1 << 20  # bytes of the file
Kinds = Mapping[str, tuple[type, int]]  # the dtype of each array, and its number of dimensions


class _Arrays(Protocol):
    """A NamedTuple of arrays."""

    def _asdict(self) -> dict[str, np.ndarray]: ...


def to_bytes(arrays: _Arrays) -> bytes:
    """The content of the file; equal arrays give equal bytes."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays._asdict())
    return buffer.getvalue()


def read(path: Path, kinds: Kinds) -> dict[str, np.ndarray]:
    """Read the arrays of `kinds`. Raises ArtifactError (exit 4) when they are others, or empty, or there is no file."""
    try:
        return _checked(path, kinds)
    except Exception as fault:  # of any kind: zipfile and NumPy's parser raise nearly all there are
        what = f"{path.name} is not what darkroom writes ({type(fault).__name__})"
        raise ArtifactError("E_MODEL", what, where=path, fix="run `dvc repro`, or `dvc repro -f STAGE`") from fault


def _checked(path: Path, kinds: Kinds) -> dict[str, np.ndarray]:
    """Read the file. Raises ValueError, and whatever NumPy raises, for any other file."""
    if path.stat().st_size > LARGEST:
        raise ValueError("too large")
    with ZipFile(path) as archive:
        if any(member.file_size > LARGEST for member in archive.infolist()):
            raise ValueError("too large, unpacked")
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in kinds}
    if {name: (array.dtype.type, array.ndim) for name, array in arrays.items()} != kinds or not len(arrays["features"]):
        raise ValueError("other arrays")
    return arrays
