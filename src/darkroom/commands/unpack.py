"""Write the images of the store to a plain folder, for people and for tools that read no shards."""

from pathlib import Path, PurePosixPath

from darkroom.image_store.reading import ImageStore
from darkroom.runtime import files
from darkroom.runtime.errors import ArtifactError, DataError


def unpack(store: ImageStore, target: Path) -> int:
    """Write all files to the new folder `target`, complete or not at all, and return how many there are.

    Raises DataError (exit 3) when there is something at `target`, ArtifactError (exit 4) when a file is damaged or
    its path leads out of the folder.
    """
    _check_nothing_at(target)
    with files.replacing(target) as partial:
        partial.mkdir()
        for path in store.paths:
            copy = partial / _inside(path, store)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(store.read(path))
        _check_nothing_at(target)  # again: large data take minutes
    return len(store.paths)


def _check_nothing_at(target: Path) -> None:
    if target.exists() or target.is_symlink():
        what = "there is something here, and nothing is overwritten"
        raise DataError("E_EXISTS", what, where=target, fix="remove it, or name another folder with --to")


def _inside(path: str, store: ImageStore) -> PurePosixPath:
    """Return the path. Ingest stores none that leads out of the folder, but anyone may have edited an inventory."""
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts:
        raise ArtifactError("E_ARTIFACT", f"{path} leads out", where=store.folder, fix="run `dvc repro -f ingest`")
    return parts
