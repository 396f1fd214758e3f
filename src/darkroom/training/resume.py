"""Where an unfinished training waits to go on: a folder named by everything its outcome follows from.

Another parameter, another image, another version of this code, another backend or version of a library gives
another name, so a stale state is never picked up, whatever was killed when.
"""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel

from darkroom.runtime import files, sealing
from darkroom.training import device

LIBRARY = Path(__file__).parents[1]


def folder(root: Path, packed: Path, *parts: BaseModel | str | int, code: Sequence[str]) -> Path:
    """`root`/FINGERPRINT of the packed data, the `parts`, the folders `code` of the library, and the libraries used."""
    plain = [part.model_dump() if isinstance(part, BaseModel) else part for part in parts]
    modules = [files.sha256(path) for name in code for path in sorted((LIBRARY / name).glob("*.py"))]
    libraries = {**device.identity(), "keras-tuner": version("keras-tuner")}
    return root / files.fingerprint(sealing.digest_of(packed), plain, modules, libraries)
