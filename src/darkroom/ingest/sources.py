"""Unpack a data set, safely: completely, nothing outside the folder, or not at all.

There are two passes. The first lists the members and refuses the archive for any dangerous one (`inspection`); the
second copies member by member, counts the bytes and checks the sums. Then images that come as arrays become files
(`arrays`), and outer folders without meaning are removed. The folder appears only when everything went well.
The price: the archive is on disk twice, packed and unpacked.
"""

import os
import shutil
import stat
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple

from darkroom import sniff
from darkroom.formats import annotations, names, visual
from darkroom.ingest import arrays, dvc_links, inspection, npz, tars, zips
from darkroom.ingest.members import Kind, Member
from darkroom.params import Ingest
from darkroom.runtime import files
from darkroom.runtime.errors import ArtifactError, DataError, EnvironmentFault, printable

SPACE_FACTOR = 2.2  # times the unpacked size: the folder, DVC's copy of it, and slack
PACKED = ("gzip", "bzip2", "xz", "tar")
SPECIAL = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}
UNPACKED = ".unpacked"  # hidden, so that it counts as junk wherever it turns up


class Unpacked(NamedTuple):
    """What `unpack` did."""

    files: int
    bytes: int
    other_kinds: str  # kinds of the files that are no images by name, in words
    left_out: int  # files: junk, and those outside the root
    left_out_kinds: str  # in words
    root: str  # outer folders that were removed, such as ds/images
    notes: list[str]  # what is unusual about the archive, one sentence each


def unpack(source: Path, folder: Path, limits: Ingest) -> Unpacked:
    """Put the images of `source` into `folder`, without junk and without outer folders that carry no meaning.

    `source` is a zip, a tar (also gz, bz2, xz), an npz, or a folder; folders and archives hold images in class
    folders, images and a table (`formats.label_tables`), or arrays (`arrays`).
    Raises ArtifactError (exit 4) when there is no `source`, DataError (exit 3) when it is unsafe or damaged,
    EnvironmentFault (exit 5) when the disk is too small, OSError (exit 5) when `source` cannot be read.
    """
    if not source.exists():
        raise ArtifactError("E_ARCHIVE_MISSING", "no archive", where=source, fix="put it there or run `dvc pull`")
    require_readable(source)
    with _members(source, limits) as members:
        inspection.check(source.name, members, limits)
        wanted = {member.parts: member for member in members if member.is_wanted}
        if not wanted:
            fix = "pack folders of images, one per class"
            raise DataError("E_ARCHIVE_EMPTY", "no files in it", where=source, fix=fix)
        _check_disk_space(folder, sum(member.size for member in wanted.values()))
        with files.replacing(folder) as partial_folder:
            unpacked = partial_folder / UNPACKED
            for parts, member in wanted.items():
                _copy(source, member, unpacked.joinpath(*parts))
            root = _move_images(source, wanted, partial_folder, limits)
            sizes = {path: path.stat().st_size for path in files.below(partial_folder)}
    inside = {parts for parts in wanted if parts[: len(root)] == root}
    dropped = [member.parts[-1] for member in members if member.kind != "folder" and member.parts not in inside]
    return Unpacked(
        files=len(sizes),
        bytes=sum(sizes.values()),
        other_kinds=names.kinds(path.name for path in sizes if names.is_other_file(path.name)),
        left_out=len(dropped),
        left_out_kinds=names.kinds(dropped),
        root="/".join(root),
        notes=inspection.notes(members),
    )


def require_readable(source: Path) -> None:
    """Raise DataError (exit 3) for a pipe, a socket or a device: opening one may block for ever."""
    if source.exists() and not (source.is_dir() or source.is_file()):
        what = f"{SPECIAL.get(stat.S_IFMT(source.stat().st_mode), 'neither a file nor a folder')}, no archive"
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
    """Yield all files and folders in `folder`; `rglob` would silently skip a folder that cannot be read."""
    for home, folders, filenames in os.walk(folder, onerror=_raise):
        yield from (Path(home, name) for name in (*folders, *filenames))


def _raise(fault: OSError) -> None:
    raise fault


def _file(path: Path, raw: str | bytes, caches: list[Path]) -> Member:
    name, guessed = names.decoded(os.fsencode(raw))
    is_link = path.is_symlink() and not dvc_links.is_own(path, caches)
    kind: Kind = "link" if is_link else "folder" if path.is_dir() else "file" if path.is_file() else "special"
    size = path.lstat().st_size if is_link else path.stat().st_size
    return Member(name, kind, size, size, None, lambda: path.open("rb"), guessed=guessed)


def _move_images(source: Path, wanted: Collection[tuple[str, ...]], folder: Path, limits: Ingest) -> tuple[str, ...]:
    """Move what lies under the root to the top of `folder`, or replace arrays by images. Returns the root."""
    root: tuple[str, ...] = ()
    unpacked = folder / UNPACKED
    images = [parts for parts in wanted if not names.is_other_file(parts[-1])]
    if _unfold(source, unpacked, folder, limits):
        _check_no_image_files(images)
    else:
        others = [parts for parts in wanted if names.is_other_file(parts[-1])]
        misnamed = {parts for parts in others if visual.format_of(unpacked.joinpath(*parts))}
        root = names.common_root(wanted, annotations.find(unpacked, others, images), others=misnamed)
        for path in unpacked.joinpath(*root).iterdir():
            path.rename(folder / path.name)
    shutil.rmtree(unpacked)
    return root


def _check_no_image_files(images: Sequence[tuple[str, ...]]) -> None:
    image_files = ["/".join(parts) for parts in images if names.is_image(parts[-1])]
    if image_files:
        what = f"arrays beside {len(image_files)} image files, such as {printable(image_files[0])}"
        raise DataError("E_ARRAYS", what, where=image_files[0], fix="keep the arrays or the files")


def _unfold(source: Path, unpacked: Path, folder: Path, limits: Ingest) -> int:
    """Call `arrays.unfold`; an error names the file in `source`, because the unpacked one is removed."""
    try:
        return arrays.unfold(unpacked, folder, limits)
    except DataError as fault:
        inner = fault.where.removeprefix(f"{unpacked}/")
        fault.where = f"{source}!{printable(inner)}" if inner != fault.where else str(source)
        raise


def _check_disk_space(folder: Path, size: int) -> None:
    home = next(parent for parent in folder.absolute().parents if parent.exists())
    free = shutil.disk_usage(home).free
    if size * SPACE_FACTOR > free:
        what = f"needs {size * SPACE_FACTOR:.0f} bytes, {free} are free"
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
    except Exception as fault:  # every compression has its own errors, one of them a plain OSError
        inspection.reraise_if_of_system(fault)
        raise _damaged(source, member, "E_ARCHIVE_CORRUPT", f"cannot be read: {fault}") from fault


def _damaged(source: Path, member: Member, code: str, why: str) -> DataError:
    name = printable(member.raw)
    where = f"{os.fspath(source)}!{name}"
    return DataError(code, f"{name} {why}", where=where, fix="get the archive again, or run `dvc pull`")
