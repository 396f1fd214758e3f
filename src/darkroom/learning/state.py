"""Where an unfinished training waits to go on: a folder named by everything its outcome follows from.

Another parameter, another picture, another version of this code, another backend or version of a library gives
another name, so a stale state is never picked up, whatever was killed when.
"""

from importlib.metadata import version
from pathlib import Path

from pydantic import BaseModel

from darkroom import files
from darkroom.learning import device


def folder(root: Path, packed: Path, *parts: BaseModel | str | int) -> Path:
    """`root`/FINGERPRINT of the packed data, the `parts`, this code, and the libraries that compute and propose."""
    plain = [part.model_dump() if isinstance(part, BaseModel) else part for part in parts]
    code = [files.sha256(path) for path in sorted(Path(__file__).parent.glob("*.py"))]
    libraries = {**device.identity(), "keras-tuner": version("keras-tuner")}
    return root / files.fingerprint(files.digest_of(packed), plain, code, libraries)
