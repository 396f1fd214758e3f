"""Sealed folders: an inventory of the files in a folder shows any later change."""

import os
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

from darkroom.runtime import files

INVENTORY = "MANIFEST.json"


def seal(folder: Path) -> None:
    """Write the inventory of `folder`: every file with its size in bytes and its SHA-256."""
    (folder / INVENTORY).unlink(missing_ok=True)
    names = sorted(p.relative_to(folder).as_posix() for p in files.below(folder))
    entries = {name: {"bytes": (folder / name).stat().st_size, "sha256": files.sha256(folder / name)} for name in names}
    files.write_json(folder / INVENTORY, entries)


def verify(folder: Path) -> None:
    """Check `folder` against its inventory: DVC checks out a damaged cache object without noticing.

    A link to a file counts as that file, since DVC can be configured to link into its cache. Raises ArtifactError
    (exit 4) naming the first file that is missing, differs, or is not in the inventory.
    """
    for name, entry in _entries(folder).items():
        _compare_size(folder / name, entry)
        _compare_digest(folder / name, entry)


def verify_but(folder: Path, extension: str) -> None:
    """Check `folder` as `verify` does, but of files with this extension only the size.

    For large files whose contents are checked when they are read.
    """
    for name, entry in _entries(folder).items():
        _compare_size(folder / name, entry)
        if not name.endswith(extension):
            _compare_digest(folder / name, entry)


def verify_files(folder: Path, names: Collection[str]) -> None:
    """Check only these files of `folder`, as `verify` does, and not what else is there."""
    entries = files.read_object(folder / INVENTORY)
    for name in names:
        _compare_size(folder / name, entries.get(name))
        _compare_digest(folder / name, entries.get(name))


def set_aside(folder: Path, *, but: Collection[str], to: Path) -> None:
    """Move the sealed folders in `folder`, except those named in `but`, to the folder `to`, replacing what is there."""
    for sealed in folder.glob(f"*/{INVENTORY}"):
        if sealed.parent.name not in but:
            to.mkdir(parents=True, exist_ok=True)
            files.remove(to / sealed.parent.name)
            shutil.move(sealed.parent, to / sealed.parent.name)


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a sealed folder by its name, as its inventory has it."""
    entries = files.read_object(folder / INVENTORY)
    return {name: str(_recorded(entry, "sha256")) for name, entry in entries.items()}


def digest_of(folder: Path) -> str:
    """Return the digest of a sealed folder: the SHA-256 of its inventory."""
    return files.sha256(folder / INVENTORY)


def _entries(folder: Path) -> dict[str, Any]:
    """Return the inventory of a folder that has exactly these files."""
    entries = files.read_object(folder / INVENTORY)
    if not entries:
        raise files.unusable(folder / INVENTORY, "lists nothing")
    names = _names(folder) - {INVENTORY}
    for name in sorted(entries.keys() - names):  # includes names that lead out of the folder; those are never opened
        raise files.unusable(folder / name, "is missing")
    for name in sorted(names - entries.keys()):
        raise files.unusable(folder / name, "does not belong to this folder", fix="remove it, or run `dvc repro`")
    return entries


def _names(folder: Path) -> set[str]:
    """Return the relative paths of all files and of all links, of any kind, below `folder`."""
    paths: list[Path] = []
    for parent, folders, names in os.walk(folder):
        paths += [Path(parent, name) for name in names]
        paths += [path for name in folders if (path := Path(parent, name)).is_symlink()]
    return {path.relative_to(folder).as_posix() for path in paths}


def _compare_size(path: Path, entry: object) -> None:
    """Raise ArtifactError unless `path` is a file of the size of its `entry` in the inventory."""
    if not path.is_file():
        raise files.unusable(path, "is not a file")
    if path.stat().st_size != _recorded(entry, "bytes"):  # first, so that no endless file is read
        raise files.unusable(path, "is damaged (its size is not the one recorded)")


def _compare_digest(path: Path, entry: object) -> None:
    """Raise ArtifactError unless `path` has the SHA-256 of its `entry` in the inventory."""
    if files.sha256(path) != _recorded(entry, "sha256"):
        raise files.unusable(path, "is damaged (its SHA-256 is not the one recorded)")


def _recorded(entry: object, key: str) -> object:
    return entry.get(key) if isinstance(entry, dict) else None
