"""Unpack a data set into a store, safely: completely, nothing outside the folder, or not at all.

There are two passes. The first lists the members and refuses the archive for any dangerous one (`inspection`); the
second copies member by member into one `spool`, counts the bytes and checks the sums. Then images that come as arrays
become files (`arrays`), outer folders without meaning are removed from the paths, and the files move into the shards
of `image_store`. The folder appears only when everything went well. The price: each file is written twice, and for a
moment the images are on disk twice beside the archive.
"""

import os
import shutil
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple, overload

from darkroom import sniff
from darkroom.formats import annotations, names, visual
from darkroom.image_store import shard_file, writing
from darkroom.image_store.shard_file import NewFile
from darkroom.ingest import arrays, folders, inspection, npz, tars, zips
from darkroom.ingest.members import Member, Members
from darkroom.ingest.spool import Piece, Pieces, Spool, SpooledFiles
from darkroom.params import Ingest
from darkroom.runtime import files
from darkroom.runtime.errors import ArtifactError, DataError, EnvironmentFault, printable
from darkroom.table import scratch

SPACE_FACTOR = 2.2  # times the stored size: the spool and the shards, then these and DVC's copy, and slack
TABLE_ROW = 512  # bytes that the temporary tables have for a file
PACKED = ("gzip", "bzip2", "xz", "tar")
SPECIAL = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}

Parts = tuple[str, ...]


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
    """Put the images of `source` into a store at `folder`, without junk and without outer folders that say nothing.

    `source` is a zip, a tar (also gz, bz2, xz), an npz, or a folder; folders and archives hold images in class
    folders, images and a table (`formats.label_tables`), or arrays (`arrays`).
    Raises ArtifactError (exit 4) when there is no `source`, DataError (exit 3) when it is unsafe or damaged,
    EnvironmentFault (exit 5) when the disk is too small, OSError (exit 5) when `source` cannot be read.
    """
    if not source.exists():
        raise ArtifactError("E_ARCHIVE_MISSING", "no archive", where=source, fix="put it there or run `dvc pull`")
    require_readable(source)
    with ExitStack() as archive:
        members = archive.enter_context(_members(source, limits))
        notes = inspection.check(source.name, members, limits)
        wanted = members.wanted()
        if not wanted:
            fix = "pack folders of images, one per class"
            raise DataError("E_ARCHIVE_EMPTY", "no files in it", where=source, fix=fix)
        _check_disk_space(folder, len(wanted), sum(map(shard_file.stored_bytes, wanted.sizes())))
        with files.replacing(folder) as partial_folder:
            partial_folder.mkdir()
            with Spool(partial_folder) as spool:
                copied = Pieces(("/".join(member.parts), _copy(source, member, spool)) for member in wanted)
                archive.close()
                root, kept, others = _images(source, SpooledFiles(spool, copied), limits)
                writing.write(partial_folder, _NewFiles(spool, kept))
    dropped = chain(members.junk(), (parts[-1] for parts in map(_parts, copied) if parts[: len(root)] != root))
    left_out = Counter(map(names.kind, dropped))
    return Unpacked(
        files=len(kept),
        bytes=sum(kept.sizes()),
        other_kinds=names.kinds(parts[-1] for parts in others if parts[: len(root)] == root),
        left_out=left_out.total(),
        left_out_kinds=names.counted(left_out),
        root="/".join(root),
        notes=notes,
    )


def summary(done: Unpacked) -> str:
    """What was unpacked, in one line."""
    left_out = f"{done.left_out:,} left out ({done.left_out_kinds})" if done.left_out else ""
    others = f"no images by their names: {done.other_kinds}" if done.other_kinds != names.kinds([]) else ""
    return ", ".join(filter(None, [f"{done.files:,} files, {done.bytes / 1e6:.1f} MB", left_out, others]))


def require_readable(source: Path) -> None:
    """Raise DataError (exit 3) for a pipe, a socket or a device: opening one may block for ever."""
    if source.exists() and not (source.is_dir() or source.is_file()):
        what = f"{SPECIAL.get(stat.S_IFMT(source.stat().st_mode), 'neither a file nor a folder')}, no archive"
        raise DataError("E_ARCHIVE_SPECIAL", what, where=source, fix="give a file or a folder")


def _members(source: Path, limits: Ingest) -> AbstractContextManager[Members]:
    if source.is_dir():
        return nullcontext(folders.members(source))
    with source.open("rb") as file:
        kind = sniff.kind(file.read(sniff.LENGTH))
    if kind in PACKED:
        return tars.members(source, limits)
    if source.suffix == npz.SUFFIX and kind == "zip":
        return nullcontext(folders.single(source))
    return zips.open_members(source, limits)


def _images(source: Path, spooled: SpooledFiles, limits: Ingest) -> tuple[Parts, Pieces, set[Parts]]:
    """Return the root, what lies under it or the images that arrays became, and all files that are no images by name.

    Those are none where images come as arrays.
    """
    others = {parts for parts in map(_parts, spooled.pieces) if names.is_other_file(parts[-1])}

    def images() -> Iterator[Parts]:
        return (parts for parts in map(_parts, spooled.pieces) if parts not in others)

    if unfolded := _unfold(source, spooled, limits):
        _check_no_image_files(images())
        return (), unfolded, set()
    misnamed = {parts for parts in others if visual.format_of(spooled, "/".join(parts))}
    tables = annotations.find(spooled, others, images())
    root = names.common_root(map(_parts, spooled.pieces), tables, others=misnamed)
    return root, spooled.pieces.below("".join(f"{part}/" for part in root)), others


def _parts(path: str) -> Parts:
    return tuple(path.split("/"))


class _NewFiles(Sequence[NewFile]):
    """Pieces of the spool as files to be stored."""

    def __init__(self, spool: Spool, pieces: Pieces):
        self._spool, self._pieces = spool, pieces

    def __len__(self) -> int:
        return len(self._pieces)

    @overload
    def __getitem__(self, number: int) -> NewFile: ...
    @overload
    def __getitem__(self, number: slice) -> list[NewFile]: ...
    def __getitem__(self, number: int | slice) -> NewFile | list[NewFile]:
        if isinstance(number, slice):
            return [self[n] for n in range(*number.indices(len(self)))]
        return self._new_file(*self._pieces.at(number))

    def __iter__(self) -> Iterator[NewFile]:
        return (self._new_file(path, piece) for path, piece in self._pieces.pairs())

    def _new_file(self, path: str, piece: Piece) -> NewFile:
        return NewFile(path, piece.bytes, piece.sha256, partial(self._spool.chunks, piece))


def _check_no_image_files(images: Iterable[Parts]) -> None:
    image_files = ["/".join(parts) for parts in images if names.is_image(parts[-1])]
    if image_files:
        what = f"arrays beside {len(image_files)} image files, such as {printable(image_files[0])}"
        raise DataError("E_ARRAYS", what, where=image_files[0], fix="keep the arrays or the files")


def _unfold(source: Path, spooled: SpooledFiles, limits: Ingest) -> Pieces:
    """Spool the images that `arrays.unfold` makes; an error of it names the file in `source`."""
    try:
        return Pieces((path, spooled.spool.add([image])) for path, image in arrays.unfold(spooled, limits))
    except DataError as fault:
        fault.where = f"{source}!{printable(fault.where)}" if fault.where in spooled.pieces else str(source)
        raise


def _check_disk_space(folder: Path, n: int, size: int) -> None:
    """Raise EnvironmentFault when there is no room for `n` files that take `size` bytes in the shards."""
    home = next(parent for parent in folder.absolute().parents if parent.exists())
    stored, tables = size * SPACE_FACTOR, n * TABLE_ROW
    if home.stat().st_dev == scratch.folder().stat().st_dev:
        _require_free(home, stored + tables, "free space on this disk")
    else:
        _require_free(home, stored, "free space on this disk")
        _require_free(scratch.folder(), tables, scratch.FIX)


def _require_free(place: Path, size: float, fix: str) -> None:
    free = shutil.disk_usage(place).free
    if size > free:
        raise EnvironmentFault("E_DISK", f"needs {size:.0f} bytes, {free} are free", where=place, fix=fix)


def _copy(source: Path, member: Member, spool: Spool) -> Piece:
    piece = spool.add(_not_much_more(member.size, _chunks(source, member)))
    if piece.bytes != member.size:
        why = f"holds {piece.bytes} bytes or more and declares {member.size}"
        raise _damaged(source, member, "E_ARCHIVE_SIZE_LIE", why)
    return piece


def _not_much_more(size: int, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield `chunks` up to the one that exceeds `size` bytes."""
    for chunk in chunks:
        yield chunk
        size -= len(chunk)
        if size < 0:
            break


def _chunks(source: Path, member: Member) -> Iterator[bytes]:
    try:
        with member.open() as stream:
            while chunk := stream.read(files.CHUNK):
                yield chunk
    except Exception as fault:  # every compression has its own errors, one of them a plain OSError
        inspection.reraise_if_known(fault)
        raise _damaged(source, member, "E_ARCHIVE_CORRUPT", f"cannot be read: {fault}") from fault


def _damaged(source: Path, member: Member, code: str, why: str) -> DataError:
    name = printable(member.raw)
    where = f"{os.fspath(source)}!{name}"
    return DataError(code, f"{name} {why}", where=where, fix="get the archive again, or run `dvc pull`")
