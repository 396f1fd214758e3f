"""What the release wrote into a project: the SHA-256 of each file, so that a file edited since can be told."""

import hashlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from darkroom.runtime import files

FILE = ".darkroom.json"


class Record(NamedTuple):
    version: str
    digests: dict[str, str]  # path with slashes to SHA-256


def of_installed(contents: Mapping[str, bytes]) -> Record:
    """Return the record of the installed release, whose files are `contents`."""
    return Record(version("darkroom"), {path: hashlib.sha256(data).hexdigest() for path, data in contents.items()})


def read(root: Path) -> Record:
    """Return the record of the project `root`. Raises ArtifactError (exit 4) when it is missing or not JSON."""
    values = files.read_object(root / FILE)
    return Record(str(values.get("version")), dict(values.get("files", {})))


def write(root: Path, record: Record) -> None:
    files.write_json(root / FILE, {"version": record.version, "files": record.digests})


def is_project(root: Path) -> bool:
    """Whether `darkroom new` made the folder `root`: the repository of darkroom has no record."""
    return (root / FILE).is_file()
