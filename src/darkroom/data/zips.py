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

from darkroom.data import magic, names
from darkroom.data.inspection import Fault, Member
from darkroom.errors import DataError

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
LOCAL_HEADER = 30  # bytes before the name
ENCRYPTED = 0x1
UNICODE = 0x800


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
            start = min((info.header_offset for info in archive.infolist()), default=0)
            yield [_member(archive, info, info.orig_filename in overlapping, start) for info in archive.infolist()]


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, overlaps: bool, start: int) -> Member:
    name, guessed = _name(info)
    return Member(
        raw=name,
        kind=_kind(info),
        size=info.file_size,
        packed=info.compress_size,
        crc=info.CRC,
        open=partial(archive.open, info),
        faults=tuple(_faults(info, overlaps, start)),
        guessed=guessed,
    )


def _kind(info: zipfile.ZipInfo) -> str:
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "special"
    return "folder" if info.orig_filename.endswith(("/", "\\")) else "file"


def _name(info: zipfile.ZipInfo) -> tuple[str, bool]:
    """`orig_filename`, as `filename` is cut at the first NUL. Many packers write UTF-8 and forget to say so."""
    name = info.orig_filename
    return (name, False) if info.flag_bits & UNICODE else names.decoded(name.encode("cp437"))


def _faults(info: zipfile.ZipInfo, overlaps: bool, start: int) -> Iterator[Fault]:
    """`start` is where the first member of the archive begins, in bytes."""
    name = info.orig_filename
    if info.header_offset == start > 0:
        why = f"comes after {start} bytes that belong to no member (a picture or a program may hide there)"
        yield Fault("E_ARCHIVE_PREFIX", name, why, "unpack it where it can do no harm, and pack it again")
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
