"""List the members of a zip archive, with the faults that only a zip can have.

`zipfile` silently repairs bad names, keeps an object of 0.8 kB for each entry of the directory and, before Python
3.11.8, unpacks overlapping members (a bomb of 42 kB becomes 5 GB). So the directory is read here, and both headers of a
member are compared; `zipfile` only unpacks single members. Everything else is checked by `inspection`.
"""

import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import BinaryIO

import numpy as np

from darkroom import sniff
from darkroom.ingest import inspection, size_limits, zip_directory, zip_headers, zip_methods, zip_places
from darkroom.ingest.members import Fault, Kind, Member, Members
from darkroom.ingest.streams import Stream
from darkroom.ingest.zip_directory import Directory, Entry, NewerVersion
from darkroom.ingest.zip_headers import ENCRYPTED, LOCAL
from darkroom.ingest.zip_places import Place
from darkroom.params import Ingest
from darkroom.runtime import files
from darkroom.runtime.errors import DataError, printable

DIRECTORY = 1 << 20  # bytes that a directory may always have, plus
ENTRY = 1 << 10  # bytes for each of `max_entries`
PACK_AGAIN = "pack it again with `zip -r`, or with 7-Zip and Deflate"
PART = 1 << 16  # members whose places are compared at once


@contextmanager
def open_members(source: Path, limits: Ingest) -> Iterator[Members]:
    """Do as `members` for the file at `source`."""
    with source.open("rb") as file, members(file, source, limits) as listed:
        yield listed


@contextmanager
def members(file: BinaryIO, where: PurePath, limits: Ingest) -> Iterator[Members]:
    """Yield the members, readable inside the `with` block.

    Raises DataError (exit 3), which names `where`, when `file` is no complete zip, or of a version that is not read.
    """
    try:
        directory = zip_directory.find(file)
        _check_size(file, directory, where, limits)
        listed = _list(file, directory)
    except NewerVersion as fault:
        raise DataError("E_ARCHIVE_METHOD", printable(fault), where=where, fix=PACK_AGAIN) from fault
    except Exception as fault:  # struct, Unicode and seek errors of damaged directories, too
        inspection.reraise_if_known(fault)
        raise _corrupt(file, where, fault) from fault
    yield listed


def _check_size(file: BinaryIO, directory: Directory, where: PurePath, limits: Ingest) -> None:
    """Raise DataError for a directory beyond the limits."""
    most = DIRECTORY + ENTRY * limits.max_entries
    faults: list[Fault] = []
    if directory.size > most:
        what = f"its directory has {directory.size} bytes, more than {most}"
        faults.append(size_limits.fault("E_ARCHIVE_LIMIT", "", what, "max_entries"))
    elif directory.size > DIRECTORY:
        faults += size_limits.entry_count(_count(file, directory), "entries", limits)
    for fault in faults:
        raise DataError(fault.code, fault.why, where=where, fix=fault.fix)


def _count(file: BinaryIO, directory: Directory) -> int:
    """Return how many entries there are at least, before any of them is parsed."""
    file.seek(directory.start)
    left, count, before = directory.size, 0, b""
    while left > 0 and (part := file.read(min(files.CHUNK, left))):
        left -= len(part)
        count += (before + part).count(zip_directory.SIGNATURE)
        before = part[1 - len(zip_directory.SIGNATURE) :]
    return count


def _list(file: BinaryIO, directory: Directory) -> Members:
    """Read the directory twice: for the places of all members, then, once it is known which overlap, for the rest."""
    places, contradictions = _places(file, directory)
    overlapping = set(_overlapping(places, directory.start))
    start = int(places["offset"].min(initial=directory.start))

    def opener(member: Member) -> Stream:
        return zip_methods.open_member(file, zip_places.at(places, member.place))

    def listed() -> Iterator[Member]:
        for number, entry in enumerate(zip_directory.entries(file, directory)):
            place = zip_places.at(places, number)
            name, guessed = zip_directory.readable(entry.name, entry.flags)
            faults = _faults(name, place, number in overlapping, contradictions.get(number), start)
            yield Member(
                raw=name,
                kind=_kind(entry),
                size=entry.size,
                packed=entry.packed + LOCAL.size + zip_directory.ENTRY.size + 2 * len(entry.name),
                crc=entry.crc,
                opener=opener,
                place=number,
                faults=(*faults,)[:1],
                guessed=guessed,
            )

    return Members(listed(), opener)


def _places(file: BinaryIO, directory: Directory) -> tuple[np.ndarray, dict[int, tuple[str, str]]]:
    """Return the place of each member, and how the headers of some contradict the directory, by number."""
    length = file.seek(0, io.SEEK_END)
    real = min(directory.size, max(0, length - directory.start))
    places, count = zip_places.empty(-(-real // zip_directory.ENTRY.size)), 0
    contradictions: dict[int, tuple[str, str]] = {}
    for number, entry in enumerate(zip_directory.entries(file, directory)):
        local = zip_headers.read(file, length, entry)
        places[number] = zip_places.of(entry, local.end if local else zip_places.NO_HEADER)
        if local and (contradiction := zip_headers.contradiction(entry, local)):
            contradictions[number] = contradiction
        count = number + 1
    return places[:count], contradictions


def _kind(entry: Entry) -> Kind:
    mode = entry.mode >> 16
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "special"
    return "folder" if entry.name.endswith(("/", "\\")) else "file"


def _faults(
    name: str, place: Place, overlaps: bool, contradiction: tuple[str, str] | None, start: int
) -> Iterator[Fault]:
    """Yield what is wrong with one member, the worst first. `start` is the offset of the archive's first member."""
    if place.offset == start > 0:
        why = f"comes after {start} bytes that belong to no member (an image or a program may hide there)"
        yield Fault("E_ARCHIVE_PREFIX", name, why, "unpack it where it can do no harm, and pack it again")
    if place.flags & ENCRYPTED:
        yield Fault("E_ARCHIVE_ENCRYPTED", name, "is encrypted", "decrypt the archive first")
    if place.method not in zip_methods.METHODS:
        method = zip_methods.NAMES.get(place.method, "unknown")
        why = f"is packed with method {place.method} ({method})"
        yield Fault("E_ARCHIVE_METHOD", name, why, PACK_AGAIN)
    for flag, what in zip_methods.UNREADABLE.items():
        if place.flags & flag:
            yield Fault("E_ARCHIVE_METHOD", name, f"has {what}", PACK_AGAIN)
    if overlaps:
        yield Fault("E_ARCHIVE_BOMB", name, "overlaps the next member", "make the archive again")
    if place.end == zip_places.NO_HEADER:
        yield Fault("E_ARCHIVE_CORRUPT", name, "has no header in front of its data", "get the archive again")
    elif contradiction:
        code, why = contradiction
        yield Fault(code, name, why, "make the archive again")


def _overlapping(places: np.ndarray, directory: int) -> Iterator[int]:
    """Yield the numbers of members whose data run into what follows. Gaps (a data descriptor) are allowed."""
    offsets, ends = places["offset"], places["end"]
    order = np.argsort(offsets, kind="stable")
    for start in range(0, len(order), PART):
        own, following = order[start : start + PART], offsets[order[start + 1 : start + PART + 1]]
        yield from own[ends[own] > np.append(following, directory)[: len(own)]].tolist()


def _corrupt(file: BinaryIO, where: PurePath, fault: Exception) -> DataError:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    kind = sniff.kind(file.read(sniff.LENGTH))
    suspicion = {"": "", "HTML": ", looks like HTML (is it a login page?)"}.get(kind, f", looks like {kind}")
    what = f"not a complete zip archive: {fault} ({size} bytes{suspicion})"
    return DataError("E_ARCHIVE_CORRUPT", what, where=where, fix="get it again: download it anew or run `dvc pull`")
