"""Bring the files that a release gives to a project up to date, and overwrite nothing that its owner edited."""

from pathlib import Path
from typing import NamedTuple

from darkroom.project import record, release
from darkroom.runtime import files

BESIDE = ".new"  # what is added to the name of a file whose place an edited one holds


class Update(NamedTuple):
    """Paths with slashes, in the order of the alphabet."""

    written: list[str]
    removed: list[str]  # files that the release no longer has
    edited: list[str]  # edited by the owner and changed by the release: the release's lies beside it


def update(root: Path, old: dict[str, str]) -> Update:
    """Write the installed release's files to `root` and return what changed; `old` are the digests at the last time.

    A file that the owner edited or deleted stays so. When the release changed it too, its version goes to NAME.new.
    """
    contents = release.contents()
    new = record.of_installed(contents)
    changed = sorted(path for path, digest in new.digests.items() if digest != old.get(path))
    stale = [path for path in changed if _digest(root / path) != new.digests[path]]
    written = [path for path in stale if _digest(root / path) == old.get(path)]
    edited = [path for path in stale if path not in written and (root / path).exists()]
    removed = sorted(path for path in old.keys() - contents if _digest(root / path) == old[path])
    for path in written:
        _write(root / path, contents[path])
    for path in edited:
        _write(root / f"{path}{BESIDE}", contents[path])
    for path in removed:
        (root / path).unlink()
    record.write(root, new)
    return Update(written, removed, edited)


def _write(path: Path, data: bytes) -> None:
    with files.replacing(path) as partial:
        partial.write_bytes(data)


def _digest(path: Path) -> str | None:
    return files.sha256(path) if path.is_file() else None
