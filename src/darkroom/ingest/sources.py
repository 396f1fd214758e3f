"""Unpack a data set, safely: all of it, nothing outside the folder, or nothing at all.

Two passes. The first lists the members and refuses the archive for any dangerous one (`inspection`); the second
copies member by member, counts the bytes and checks the sums. Then images that come as arrays become files
(`arrays`), and empty outer folders go. The folder appears when all went well.
The price: the archive is on the disk twice, packed and unpacked.
"""

import os
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

from darkroom import sniff
from darkroom.formats import annotations, names, visual
from darkroom.ingest import arrays, dvc_links, inspection, npz, tars, zips
from darkroom.ingest.inspection import Member
from darkroom.params import Ingest
from darkroom.runtime import files
from darkroom.runtime.errors import ArtifactError, DataError, EnvironmentFault, printable

ROOM = 2.2  # times the unpacked size: the folder, DVC's copy of it, and slack
PACKED = ("gzip", "bzip2", "xz", "tar")
KINDS = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
UNPACKED = ".unpacked"  # hidden, so that it is junk wherever it should be met


def unpack(source: Path, folder: Path, limits: Ingest) -> dict:
    """Put the images of `source` into `folder`, without junk and without empty outer folders.

    `source` is a zip, a tar (also gz, bz2, xz), an npz, or a folder; folders and archives hold images in class
    folders, images and a table (`tables`), or arrays (`arrays`).
    Returns counts: `files`, `bytes`, `left_out` (junk, and files beside the root); in words, `others`, the kinds of
    files that are no images by their names, and `kinds`, those of the files left out; the `root`, and `notes`.
    Raises ArtifactError (exit 4) when there is no `source`, DataError (exit 3) when it is unsafe or damaged,
    EnvironmentFault (exit 5) when the disk is too small, OSError (exit 5) when it must not be read.
    """
    if not source.exists():
        raise ArtifactError("E_ARCHIVE_MISSING", "no archive", where=source, fix="put it there or run `dvc pull`")
    require_readable(source)
    with _members(source, limits) as members:
        inspection.insist(source.name, members, limits)
        wanted = {member.parts: member for member in members if inspection.is_wanted(member)}
        if not wanted:
            raise DataError(
                "E_ARCHIVE_EMPTY", "no files in it", where=source, fix="pack folders of images, one a class"
            )
        _insist_on_room(folder, sum(member.size for member in wanted.values()))
        with files.replacing(folder) as partial_folder:
            unpacked = partial_folder / UNPACKED
            for parts, member in wanted.items():
                _copy(source, member, unpacked.joinpath(*parts))
            root = _settle(source, wanted, partial_folder, limits)
            found = {path: path.stat().st_size for path in files.below(partial_folder)}
    inside = {parts for parts in wanted if parts[: len(root)] == root}
    dropped = [member.parts[-1] for member in members if member.kind != "folder" and member.parts not in inside]
    return {
        "files": len(found),
        "bytes": sum(found.values()),
        "others": names.kinds(path.name for path in found if names.is_other_file(path.name)),
        "left_out": len(dropped),
        "kinds": names.kinds(dropped),
        "root": "/".join(root),
        "notes": inspection.notes(members),
    }


def require_readable(source: Path) -> None:
    """Raises DataError (exit 3) for a pipe, a socket or a device: to open one may mean to wait for ever."""
    if source.exists() and not (source.is_dir() or source.is_file()):
        what = f"{KINDS.get(stat.S_IFMT(source.stat().st_mode), 'neither a file nor a folder')}, no archive"
        raise DataError("E_ARCHIVE_SPECIAL", what, where=source, fix="give a file or a folder")


def _members(source: Path, limits: Ingest) -> AbstractContextManager[Sequence[Member]]:
    if source.is_dir():
        return nullcontext(list(_files_of(source)))
    with source.open("rb") as file:
        kind = sniff.kind(file.read(sniff.LENGTH))
    if kind in PACKED:
        return tars.members(source, limits)
    if source.suffix == npz.SUFFIX and kind == "zip":
        return nullcontext([_file(source.resolve(), source.name, [])])
    return zips.members(source, limits)


def _files_of(folder: Path) -> Iterator[Member]:
    caches = dvc_links.caches(folder)
    for path in sorted(_below(folder)):
        yield _file(path, os.fsencode(path.relative_to(folder).as_posix()), caches)


def _below(folder: Path) -> Iterator[Path]:
    """All files and folders in `folder`; `rglob` would leave out a folder that must not be read, without a word."""
    for home, folders, names_ in os.walk(folder, onerror=_raise):
        yield from (Path(home, name) for name in (*folders, *names_))


def _raise(fault: OSError) -> None:
    raise fault


def _file(path: Path, raw: str | bytes, caches: list[Path]) -> Member:
    name, guessed = names.decoded(os.fsencode(raw))
    is_strange = path.is_symlink() and not dvc_links.is_own(path, caches)
    kind = "link" if is_strange else "folder" if path.is_dir() else "file" if path.is_file() else "special"
    size = path.lstat().st_size if is_strange else path.stat().st_size
    return Member(name, kind, size, size, None, partial(path.open, "rb"), guessed=guessed)


def _settle(source: Path, wanted: Mapping, folder: Path, limits: Ingest) -> tuple[str, ...]:
    """Leave in `folder` what counts of all that was unpacked: images made of arrays, or what lies under the root."""
    root: tuple[str, ...] = ()
    unpacked = folder / UNPACKED
    images = [parts for parts in wanted if not names.is_other_file(parts[-1])]
    if _unfold(source, unpacked, folder, limits):
        _insist_on_arrays_alone(images)
    else:
        others = [parts for parts in wanted if names.is_other_file(parts[-1])]
        seen = {parts for parts in others if visual.format_of(unpacked.joinpath(*parts))}
        root = names.common_root(wanted, annotations.find(unpacked, others, images), others=seen)
        for path in unpacked.joinpath(*root).iterdir():
            path.rename(folder / path.name)
    shutil.rmtree(unpacked)
    return root


def _insist_on_arrays_alone(images: Sequence[tuple[str, ...]]) -> None:
    image_files = ["/".join(parts) for parts in images if names.is_image(parts[-1])]
    if image_files:
        what = f"arrays beside {len(image_files)} image files, such as {printable(image_files[0])}"
        raise DataError("E_ARRAYS", what, where=image_files[0], fix="keep the arrays or the files")


def _unfold(source: Path, unpacked: Path, folder: Path, limits: Ingest) -> int:
    """As `arrays.unfold`; a fault names the file in `source`, as the unpacked one will be gone."""
    try:
        return arrays.unfold(unpacked, folder, limits)
    except DataError as fault:
        inner = fault.where.removeprefix(f"{unpacked}/")
        fault.where = f"{source}!{printable(inner)}" if inner != fault.where else str(source)
        raise


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
            if written > member.size:
                break
    if written != member.size:
        why = f"holds {written} bytes or more and declares {member.size}"
        raise _damaged(source, member, "E_ARCHIVE_SIZE_LIE", why)


def _chunks(source: Path, member: Member) -> Iterator[bytes]:
    try:
        with member.open() as stream:
            while chunk := stream.read(files.CHUNK):
                yield chunk
    except Exception as fault:  # each way of packing has errors of its own, one of them a plain OSError
        inspection.raise_if_of_system(fault)
        raise _damaged(source, member, "E_ARCHIVE_CORRUPT", f"cannot be read: {fault}") from fault


def _damaged(source: Path, member: Member, code: str, why: str) -> DataError:
    name = printable(member.raw)
    where = f"{os.fspath(source)}!{name}"
    return DataError(code, f"{name} {why}", where=where, fix="get the archive again, or run `dvc pull`")
