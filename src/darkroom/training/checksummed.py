"""Files of the cache that any flipped bit makes absent, so that it costs work and is never believed.

Behind the content stands its SHA-256, 64 hex digits and a line end. Readers of NumPy's files pay no heed to what
follows theirs, so those are opened as they are once `intact` said yes.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from darkroom.runtime import files

TAIL = 65  # bytes


def write(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    """What `fill` writes to the file it is given, and the digest of it. It is not atomic: `files.replacing` is."""
    with path.open("wb") as file:
        fill(file)
    digest = files.sha256(path)
    with path.open("ab") as file:
        file.write(f"{digest}\n".encode())


def content(path: Path) -> bytes | None:
    """What was written, None when the file is absent or damaged."""
    return path.read_bytes()[:-TAIL] if intact(path) else None


def intact(path: Path) -> bool:
    """Whether the file is there and as it was written; it is hashed, about a second for 1 GB."""
    if not path.is_file():
        return False
    left, digest = path.stat().st_size - TAIL, hashlib.sha256()
    with path.open("rb") as file:
        while left > 0 and (chunk := file.read(min(files.CHUNK, left))):
            digest.update(chunk)
            left -= len(chunk)
        return file.read() == f"{digest.hexdigest()}\n".encode()
