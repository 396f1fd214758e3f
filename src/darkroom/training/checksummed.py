"""Cache files with a checksum: a damaged one counts as absent, so that it costs work and is never used.

The SHA-256, 64 hex digits and a line end, follows the content. NumPy ignores what follows its own data, so its files
can be opened as they are once `intact` has checked them.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from darkroom.runtime import files

TAIL = 65  # bytes


def write(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Write what `fill` writes to the file that it is given, then its digest. Not atomic: `files.replacing` is."""
    with path.open("wb") as file:
        fill(file)
    digest = files.sha256(path)
    with path.open("ab") as file:
        file.write(f"{digest}\n".encode())


def content(path: Path) -> bytes | None:
    """Return what was written, None when the file is absent or damaged."""
    return path.read_bytes()[:-TAIL] if intact(path) else None


def intact(path: Path) -> bool:
    """Whether the file exists and is as it was written; it is hashed, about a second for 1 GB."""
    if not path.is_file():
        return False
    remaining, digest = path.stat().st_size - TAIL, hashlib.sha256()
    with path.open("rb") as file:
        while remaining > 0 and (chunk := file.read(min(files.CHUNK, remaining))):
            digest.update(chunk)
            remaining -= len(chunk)
        return file.read() == f"{digest.hexdigest()}\n".encode()
