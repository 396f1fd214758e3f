"""List the members of a zip archive, with the faults that only a zip can have.

`zipfile` silently repairs bad names, creates objects for a directory of any size and, before Python 3.11.8, unpacks
overlapping members (a bomb of 42 kB becomes 5 GB). So both headers of a member are compared here; everything else is
checked by `inspection`.
"""

import io
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePath
from typing import BinaryIO, NoReturn

import numpy as np

from darkroom import sniff
from darkroom.formats import names
from darkroom.ingest import inspection, size_limits, zip_headers, zip_methods, zip_places
from darkroom.ingest.members import Fault, Kind, Member
from darkroom.ingest.streams import Stream
from darkroom.ingest.zip_headers import ENCRYPTED, LOCAL, UNICODE
from darkroom.params import Ingest
from darkroom.runtime.errors import DarkroomError, DataError

CENTRAL = 46  # bytes of an entry of the directory, before the name
DIRECTORY = 1 << 20  # bytes that a directory may always have, plus
ENTRY = 1 << 10  # bytes for each of `max_entries`: `zipfile` turns every 46 bytes into an object of 1 kB


@contextmanager
def open_members(source: Path, limits: Ingest) -> Iterator[list[Member]]:
    """Do as `members` for the file at `source`."""
    with source.open("rb") as file, members(file, source, limits) as listed:
        yield listed


@contextmanager
def members(file: BinaryIO, where: PurePath, limits: Ingest) -> Iterator[list[Member]]:
    """Yield the members, readable inside the `with` block.

    Raises DataError (exit 3), which names `where`, when `file` is no complete zip.
    """
    try:
        archive = zipfile.ZipFile(_Bounded(file, where, limits))
        listed = _list(archive, file)
    except DarkroomError:
        raise
    except Exception as fault:  # zipfile passes struct, Unicode and seek errors of damaged directories on
        inspection.reraise_if_of_system(fault)
        raise _corrupt(file, where, fault) from fault
    with archive:
        yield listed


class _Bounded:
    """A file that refuses to hand `zipfile` a directory beyond the limits."""

    def __init__(self, file: BinaryIO, where: PurePath, limits: Ingest):
        self.tell, self.seek, self.seekable, self.close = file.tell, file.seek, file.seekable, file.close
        self._file, self._where, self._limits = file, where, limits

    def read(self, size: int = -1) -> bytes:
        most = DIRECTORY + ENTRY * self._limits.max_entries
        if size > most:
            what = f"its directory has {size} bytes, more than {most}"
            self._refuse(size_limits.fault("E_ARCHIVE_LIMIT", "", what, "max_entries"))
        data = self._file.read(size)
        if size > DIRECTORY:
            for fault in size_limits.entry_count(data.count(b"PK\1\2"), "entries", self._limits):
                self._refuse(fault)
        return data

    def _refuse(self, fault: Fault) -> NoReturn:
        raise DataError(fault.code, fault.why, where=self._where, fix=fault.fix)


def _list(archive: zipfile.ZipFile, file: BinaryIO) -> list[Member]:
    """Take the list of `archive` apart: `zipfile` needs 0.8 kB for a member, so none is held twice."""
    infos = archive.filelist
    archive.NameToInfo.clear()
    places = zip_places.empty(len(infos))
    contradictions: dict[int, tuple[str, str]] = {}
    for number, info in enumerate(infos):
        local = zip_headers.read(file, info)
        places[number] = zip_places.of(info, local.end if local else zip_places.NO_HEADER)
        if local and (contradiction := zip_headers.contradiction(info, local)):
            contradictions[number] = contradiction
    overlapping = set(_overlapping(places, archive.start_dir))
    start = int(places["offset"].min(initial=archive.start_dir))
    infos.reverse()  # `pop` takes from the end
    opener = partial(_open, archive, file, places)
    members = []
    for number, place in enumerate(places):
        info = infos.pop()
        faults = _faults(info, place, number in overlapping, contradictions.get(number), start)
        members.append(_member(info, number, [*faults][:1], opener))
    return members


def _open(archive: zipfile.ZipFile, file: BinaryIO, places: np.ndarray, member: Member) -> Stream:
    place = places[member.place]
    return zip_methods.open_member(archive, file, zip_places.info(file, place), int(place["end"]))


def _member(info: zipfile.ZipInfo, number: int, faults: list[Fault], opener: Callable[[Member], Stream]) -> Member:
    name, guessed = _name(info)
    return Member(
        raw=name,
        kind=_kind(info),
        size=info.file_size,
        packed=info.compress_size + LOCAL.size + CENTRAL + 2 * len(info.orig_filename),
        crc=info.CRC,
        opener=opener,
        place=number,
        faults=tuple(faults),
        guessed=guessed,
    )


def _kind(info: zipfile.ZipInfo) -> Kind:
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "special"
    return "folder" if info.orig_filename.endswith(("/", "\\")) else "file"


def _name(info: zipfile.ZipInfo) -> tuple[str, bool]:
    """Return the name, and whether it is a guess. Many programs write UTF-8 without declaring it."""
    name = info.orig_filename  # `filename` is cut at the first NUL
    return (name, False) if info.flag_bits & UNICODE else names.decoded(name.encode("cp437"))


def _faults(
    info: zipfile.ZipInfo, place: np.void, overlaps: bool, contradiction: tuple[str, str] | None, start: int
) -> Iterator[Fault]:
    """Yield what is wrong with one member, the worst first. `start` is the offset of the archive's first member."""
    name = info.orig_filename
    if info.header_offset == start > 0:
        why = f"comes after {start} bytes that belong to no member (an image or a program may hide there)"
        yield Fault("E_ARCHIVE_PREFIX", name, why, "unpack it where it can do no harm, and pack it again")
    if info.flag_bits & ENCRYPTED:
        yield Fault("E_ARCHIVE_ENCRYPTED", name, "is encrypted", "decrypt the archive first")
    if info.compress_type not in zip_methods.METHODS:
        method = zip_methods.NAMES.get(info.compress_type, "unknown")
        why = f"is packed with method {info.compress_type} ({method})"
        yield Fault("E_ARCHIVE_METHOD", name, why, "pack it again with `zip -r`, or with 7-Zip and Deflate")
    if overlaps:
        yield Fault("E_ARCHIVE_BOMB", name, "overlaps the next member", "make the archive again")
    if place["end"] == zip_places.NO_HEADER:
        yield Fault("E_ARCHIVE_CORRUPT", name, "has no header in front of its data", "get the archive again")
    elif contradiction:
        code, why = contradiction
        yield Fault(code, name, why, "make the archive again")


def _overlapping(places: np.ndarray, directory: int) -> Iterator[int]:
    """Yield the numbers of members whose data run into what follows. Gaps (a data descriptor) are allowed."""
    order = np.argsort(places["offset"], kind="stable")
    following = np.append(places["offset"][order][1:], directory)
    yield from order[places["end"][order] > following].tolist()


def _corrupt(file: BinaryIO, where: PurePath, fault: Exception) -> DataError:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    kind = sniff.kind(file.read(sniff.LENGTH))
    suspicion = {"": "", "HTML": ", looks like HTML (is it a login page?)"}.get(kind, f", looks like {kind}")
    what = f"not a complete zip archive: {fault} ({size} bytes{suspicion})"
    return DataError("E_ARCHIVE_CORRUPT", what, where=where, fix="get it again: download it anew or run `dvc pull`")
