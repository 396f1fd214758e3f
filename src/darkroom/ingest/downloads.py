"""Keep the archive at a URL as a file here: complete and of the version that lies there, or absent.

A download that was cut off goes on at its end, if the object is still the same. One archive is kept, the last, so that
other params need no new download. The price: its size on the disk.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from darkroom.ingest import objects, size_limits
from darkroom.ingest.objects import Version
from darkroom.params import Ingest
from darkroom.runtime import files, progress
from darkroom.runtime.errors import ArtifactError, DataError, EnvironmentFault, ServiceError

PART = ".part"
RECORD = "version.json"  # of what the other file in the folder is, or will be


@contextmanager
def local(source: str, folder: Path, limits: Ingest) -> Iterator[Path]:
    """Give the path of an archive: `source` itself, or its copy in `folder` where `source` is a URL.

    Raises as `objects.look`, and at the end of the block ServiceError (exit 6) if the object changed meanwhile: DVC
    would record the new version. DataError (exit 3) for one larger than `max_total_bytes`, EnvironmentFault (exit 5)
    for one larger than the disk. A copy that turns out to be damaged within the block is removed.
    """
    if not objects.is_url(source):
        yield Path(source)
        return
    version = objects.look(source)
    _check_size(version, limits)
    copy = _prepared(version, folder)
    if not copy.exists():
        _download(version, copy)
    try:
        yield copy
    except DataError as fault:
        if fault.code == "E_ARCHIVE_CORRUPT":
            files.remove(folder)
        raise
    _require_unchanged(version)


def _check_size(version: Version, limits: Ingest) -> None:
    for fault in size_limits.entry_size("the archive", version.size, limits.max_total_bytes):
        what = f"it has {version.size} bytes, more than {limits.max_total_bytes}"
        raise DataError(fault.code, what, where=version.url, fix="raise ingest.max_total_bytes if you trust it")


def _prepared(version: Version, folder: Path) -> Path:
    """Return where the copy is or belongs; what `folder` holds of any other version is removed."""
    record = folder / RECORD
    if _recorded(record) != version._asdict():
        files.remove(folder)
        files.write_json(record, version._asdict())
    return folder / objects.name_of(version.url)


def _recorded(record: Path) -> object:
    try:
        return files.read_json(record)
    except ArtifactError:
        return None


def _download(version: Version, copy: Path) -> None:
    part = copy.with_name(copy.name + PART)
    with part.open("ab") as file:
        _check_disk_space(version.size - file.tell(), part)
        try:
            _append(version, file)
        finally:
            os.fsync(file.fileno())  # the next run goes on at its end, and must not take a hole for data
    _require_unchanged(version)
    part.replace(copy)


def _append(version: Version, file: BinaryIO) -> None:
    start = file.tell()
    with progress.shown("megabytes of the archive", version.size >> 20, start >> 20) as show:
        for chunk in objects.chunks(version, start):
            file.write(chunk)
            show(file.tell() >> 20, "")


def _check_disk_space(size: int, part: Path) -> None:
    free = shutil.disk_usage(part.parent).free
    if size > free:
        what = f"needs {size} bytes, {free} are free"
        raise EnvironmentFault("E_DISK", what, where=part.parent, fix="free space on this disk")


def _require_unchanged(version: Version) -> None:
    if objects.look(version.url) != version:
        what = "the object was replaced while it was read"
        raise ServiceError("E_ARCHIVE_CHANGED", what, where=version.url, fix="run it again")
