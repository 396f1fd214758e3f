"""List the files in a folder as the members of an archive are listed."""

import os
from collections.abc import Iterator
from pathlib import Path

from darkroom.formats import names
from darkroom.ingest import dvc_links
from darkroom.ingest.members import Kind, Member


def members(folder: Path) -> Iterator[Member]:
    """Yield all files and folders in `folder`, and what else lies there."""
    caches = dvc_links.caches(folder)
    for path in sorted(_below(folder)):
        yield member(path, os.fsencode(path.relative_to(folder).as_posix()), caches)


def member(path: Path, raw: bytes, caches: list[Path]) -> Member:
    """Return the file at `path` as a member called `raw`. A link counts as its file where it leads into a DVC cache."""
    name, guessed = names.decoded(raw)
    is_link = path.is_symlink() and not dvc_links.is_own(path, caches)
    kind: Kind = "link" if is_link else "folder" if path.is_dir() else "file" if path.is_file() else "special"
    size = path.lstat().st_size if is_link else path.stat().st_size
    return Member(name, kind, size, size, None, lambda _: path.open("rb"), guessed=guessed)


def _below(folder: Path) -> Iterator[Path]:
    """Yield all files and folders in `folder`; `rglob` would silently skip a folder that cannot be read."""
    for home, folders, filenames in os.walk(folder, onerror=_raise):
        yield from (Path(home, name) for name in (*folders, *filenames))


def _raise(fault: OSError) -> None:
    raise fault
