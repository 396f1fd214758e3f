"""The members of a zip archive, with the faults only a zip can have.

`zipfile` repairs bad names in silence and, before Python 3.11.8, unpacks overlapping members (a bomb of
42 kB becomes 5 GB), so this reads the directory itself and leaves the judging to `inspection`.
"""

import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path

from darkroom.data import magic
from darkroom.data.inspection import Fault, Member
from darkroom.errors import DataError

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
LOCAL_HEADER = 30  # bytes before the name
ENCRYPTED = 0x1


@contextmanager
def members(source: Path) -> Iterator[list[Member]]:
    """The entries of the archive, readable while the block lasts. Raises DataError (exit 3) when it is no zip."""
    with source.open("rb") as file:
        try:
            archive = zipfile.ZipFile(file)
        except Exception as fault:  # zipfile lets struct, Unicode and seek errors through for damaged directories
            raise _corrupt(source, fault) from fault
        with archive:
            overlapping = set(_overlapping(archive))
            yield [_member(archive, info, info.orig_filename in overlapping) for info in archive.infolist()]


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, overlaps: bool) -> Member:
    return Member(
        raw=info.orig_filename,  # `filename` is cut at the first NUL
        kind=_kind(info),
        size=info.file_size,
        packed=info.compress_size,
        crc=info.CRC,
        open=partial(archive.open, info),
        faults=tuple(_faults(info, overlaps)),
    )


def _kind(info: zipfile.ZipInfo) -> str:
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "special"
    return "folder" if info.orig_filename.endswith(("/", "\\")) else "file"


def _faults(info: zipfile.ZipInfo, overlaps: bool) -> Iterator[Fault]:
    name = info.orig_filename
    if info.flag_bits & ENCRYPTED:
        yield Fault("E_ARCHIVE_ENCRYPTED", name, "is encrypted", "decrypt the archive first")
    if info.compress_type not in METHODS:
        method = zipfile.compressor_names.get(info.compress_type, "unknown")
        why = f"is packed with method {info.compress_type} ({method})"
        yield Fault("E_ARCHIVE_METHOD", name, why, "pack it again with `zip -r`, or with 7-Zip and Deflate")
    if overlaps:
        yield Fault("E_ARCHIVE_BOMB", name, "overlaps the next member", "make the archive again")


def _overlapping(archive: zipfile.ZipFile) -> Iterator[str]:
    """Members whose data runs into what follows; data between members (a data descriptor) is allowed."""
    inside = sorted(archive.infolist(), key=lambda info: info.header_offset)
    ends = [info.header_offset + LOCAL_HEADER + len(info.orig_filename) + info.compress_size for info in inside]
    starts = [info.header_offset for info in inside] + [archive.start_dir]
    for info, end, (_, following) in zip(inside, ends, pairwise(starts), strict=True):
        if end > following:
            yield info.orig_filename


def _corrupt(source: Path, fault: Exception) -> DataError:
    with source.open("rb") as file:
        kind = magic.kind(file.read(magic.LENGTH))
    looks = {"": "", "HTML": ", looks like HTML (is it a login page?)"}.get(kind, f", looks like {kind}")
    what = f"not a whole zip archive: {fault} ({source.stat().st_size} bytes{looks})"
    return DataError("E_ARCHIVE_CORRUPT", what, where=source, fix="get it again: download it anew or run `dvc pull`")
