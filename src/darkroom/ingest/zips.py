"""The members of a zip archive, with the faults only a zip can have.

`zipfile` repairs bad names in silence, makes objects of a directory of any size and, before Python 3.11.8, unpacks
overlapping members (a bomb of 42 kB becomes 5 GB), so this looks at both headers of a member itself and leaves the
judging to `inspection`.
"""

import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

from darkroom import sniff
from darkroom.formats import names
from darkroom.ingest import inspection, zip_headers, zip_methods
from darkroom.ingest.inspection import Fault, Member
from darkroom.ingest.zip_headers import ENCRYPTED, LOCAL, UNICODE, Local
from darkroom.params import Ingest
from darkroom.runtime.errors import DarkroomError, DataError

CENTRAL = 46  # bytes of an entry of the directory, before the name
DIRECTORY = 1 << 20  # bytes that a directory may have in any case, and
ENTRY = 1 << 10  # for each of `max_entries`: `zipfile` makes an object of 1 kB out of each 46 bytes


@contextmanager
def members(source: Path, limits: Ingest) -> Iterator[list[Member]]:
    """The entries of the archive, readable while the block lasts. Raises DataError (exit 3) when it is no zip."""
    with source.open("rb") as file:
        try:
            archive = zipfile.ZipFile(_Wary(file, source, limits))
            found = _listed(archive, file)
        except DarkroomError:
            raise
        except Exception as fault:  # zipfile lets struct, Unicode and seek errors through for damaged directories
            inspection.raise_if_of_system(fault)
            raise _corrupt(source, fault) from fault
        with archive:
            yield found


class _Wary:
    """A file that refuses to give `zipfile` a directory beyond the limits."""

    def __init__(self, file: BinaryIO, source: Path, limits: Ingest):
        self.tell, self.seek, self.seekable, self.close = file.tell, file.seek, file.seekable, file.close
        self._file, self._source, self._limits = file, source, limits

    def read(self, size: int = -1) -> bytes:
        most = DIRECTORY + ENTRY * self._limits.max_entries
        if size > most:
            raise self._much(f"its directory has {size} bytes, more than {most}")
        data = self._file.read(size)
        if size > DIRECTORY and (many := data.count(b"PK\1\2")) > self._limits.max_entries:
            raise self._much(f"{many} entries, more than {self._limits.max_entries}")
        return data

    def _much(self, what: str) -> DataError:
        fix = "raise ingest.max_entries if you trust this archive"
        return DataError("E_ARCHIVE_LIMIT", what, where=self._source, fix=fix)


def _listed(archive: zipfile.ZipFile, file: BinaryIO) -> list[Member]:
    infos = archive.infolist()
    locals_ = [zip_headers.read(file, info) for info in infos]
    overlapping = set(_overlapping(infos, locals_, archive.start_dir))
    start = min((info.header_offset for info in infos), default=0)
    return [
        _member(info, [*_faults(info, local, number in overlapping, start)][:1], _data(archive, file, info, local))
        for number, (info, local) in enumerate(zip(infos, locals_, strict=True))
    ]


def _data(
    archive: zipfile.ZipFile, file: BinaryIO, info: zipfile.ZipInfo, local: Local | None
) -> Callable[[], BinaryIO]:
    return partial(zip_methods.opened, archive, file, info, local.end if local else 0)


def _member(info: zipfile.ZipInfo, faults: list[Fault], data: Callable[[], BinaryIO]) -> Member:
    name, guessed = _name(info)
    return Member(
        raw=name,
        kind=_kind(info),
        size=info.file_size,
        packed=info.compress_size + LOCAL.size + CENTRAL + 2 * len(info.orig_filename),
        crc=info.CRC,
        open=data,
        faults=tuple(faults),
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


def _faults(info: zipfile.ZipInfo, local: Local | None, overlaps: bool, start: int) -> Iterator[Fault]:
    """What is wrong with one member, the gravest first. `start` is where the first one of the archive begins."""
    name = info.orig_filename
    if info.header_offset == start > 0:
        why = f"comes after {start} bytes that belong to no member (an image or a program may hide there)"
        yield Fault("E_ARCHIVE_PREFIX", name, why, "unpack it where it can do no harm, and pack it again")
    if info.flag_bits & ENCRYPTED:
        yield Fault("E_ARCHIVE_ENCRYPTED", name, "is encrypted", "decrypt the archive first")
    if info.compress_type not in zip_methods.METHODS:
        method = zipfile.compressor_names.get(info.compress_type, "unknown")
        why = f"is packed with method {info.compress_type} ({method})"
        yield Fault("E_ARCHIVE_METHOD", name, why, "pack it again with `zip -r`, or with 7-Zip and Deflate")
    if overlaps:
        yield Fault("E_ARCHIVE_BOMB", name, "overlaps the next member", "make the archive again")
    if local is None:
        yield Fault("E_ARCHIVE_CORRUPT", name, "has no header in front of its data", "get the archive again")
    elif lie := zip_headers.lie(info, local):
        code, why = lie
        yield Fault(code, name, why, "make the archive again")


def _overlapping(infos: list[zipfile.ZipInfo], locals_: list[Local | None], directory: int) -> Iterator[int]:
    """Numbers of the members whose data run into what follows; data between members (a descriptor) are allowed."""
    inside = sorted(range(len(infos)), key=lambda number: infos[number].header_offset)
    starts = [infos[number].header_offset for number in inside] + [directory]
    for number, (_, following) in zip(inside, pairwise(starts), strict=True):
        local = locals_[number]
        if local and local.end > following:
            yield number


def _corrupt(source: Path, fault: Exception) -> DataError:
    with source.open("rb") as file:
        kind = sniff.kind(file.read(sniff.LENGTH))
    looks = {"": "", "HTML": ", looks like HTML (is it a login page?)"}.get(kind, f", looks like {kind}")
    what = f"not a whole zip archive: {fault} ({source.stat().st_size} bytes{looks})"
    return DataError("E_ARCHIVE_CORRUPT", what, where=source, fix="get it again: download it anew or run `dvc pull`")
