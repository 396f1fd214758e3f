"""Unpack an archive of pictures, safely: all of it, nothing outside the folder, or nothing at all.

Two passes. The first reads the directory and refuses the archive for any dangerous member (`inspection`); the
second copies member by member, counts the bytes and checks the sums. The folder appears when all went well.
The price: the archive is on the disk twice, packed and unpacked.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from darkroom import files
from darkroom.data import inspection, names, zips
from darkroom.data.inspection import Member
from darkroom.errors import ArtifactError, DataError, EnvironmentFault, printable
from darkroom.params import Ingest

ROOM = 2.2  # times the unpacked size: the folder, DVC's copy of it, and slack


def unpack(source: Path, folder: Path, limits: Ingest) -> dict:
    """Put the pictures of `source`, a zip or a folder, into `folder`, without junk and without empty outer folders.

    Returns counts: `files`, `bytes`, `left_out` (junk, and files beside the root), `backslashes`, and the `root`.
    Raises ArtifactError (exit 4) when there is no `source`, DataError (exit 3) when it is unsafe or damaged,
    EnvironmentFault (exit 5) when the disk is too small.
    """
    if not source.exists():
        raise ArtifactError("E_ARCHIVE_MISSING", "no archive", where=source, fix="put it there or run `dvc pull`")
    with _members(source) as members:
        inspection.insist(source.name, members, limits)
        wanted = {member.parts: member for member in reversed(members) if inspection.is_wanted(member)}
        root = names.common_root(wanted)
        inside = {parts[len(root) :]: wanted[parts] for parts in sorted(wanted) if parts[: len(root)] == root}
        if not inside:
            raise DataError(
                "E_ARCHIVE_EMPTY", "no files in it", where=source, fix="pack folders of pictures, one a class"
            )
        _insist_on_room(folder, sum(member.size for member in inside.values()))
        with files.replacing(folder) as partial:
            for parts, member in inside.items():
                _copy(source, member, partial.joinpath(*parts))
    return {
        "files": len(inside),
        "bytes": sum(member.size for member in inside.values()),
        "left_out": sum(member.kind == "file" for member in members) - len(inside),
        "backslashes": sum("\\" in member.raw for member in members),
        "root": "/".join(root),
    }


def _members(source: Path) -> AbstractContextManager[Sequence[Member]]:
    return nullcontext(list(_files_of(source))) if source.is_dir() else zips.members(source)


def _files_of(folder: Path) -> Iterator[Member]:
    for path in sorted(folder.rglob("*")):
        kind = "link" if path.is_symlink() else "folder" if path.is_dir() else "file" if path.is_file() else "special"
        size = path.lstat().st_size
        yield Member(path.relative_to(folder).as_posix(), kind, size, size, None, lambda path=path: path.open("rb"))


def _insist_on_room(folder: Path, size: int) -> None:
    home = next(parent for parent in folder.absolute().parents if parent.exists())
    free = shutil.disk_usage(home).free
    if size * ROOM > free:
        what = f"needs {size * ROOM:.0f} bytes, {free} are free"
        raise EnvironmentFault("E_DISK", what, where=home, fix="free space on this disk")


def _copy(source: Path, member: Member, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with target.open("xb") as file:
        for chunk in _chunks(source, member):
            written += file.write(chunk)
    if written != member.size:
        why = f"holds {written} bytes and declares {member.size}"
        raise _damaged(source, member, "E_ARCHIVE_SIZE_LIE", why)


def _chunks(source: Path, member: Member) -> Iterator[bytes]:
    try:
        with member.open() as stream:
            while chunk := stream.read(files.CHUNK):
                yield chunk
    except Exception as fault:  # each way of packing has errors of its own, one of them a plain OSError
        raise _damaged(source, member, "E_ARCHIVE_CORRUPT", f"cannot be read: {fault}") from fault


def _damaged(source: Path, member: Member, code: str, why: str) -> DataError:
    name = printable(member.raw)
    where = f"{os.fspath(source)}!{name}"
    return DataError(code, f"{name} {why}", where=where, fix="get the archive again, or run `dvc pull`")
