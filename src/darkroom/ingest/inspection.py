"""Check every member of an archive before a single byte of it is written.

Archives come from strangers. One member that is dangerous, or that could not be unpacked the same way on every
machine, is enough to refuse the whole archive: silently renaming or skipping it would create a data set that nobody
asked for. All faults are collected, so that an archive can be repaired in one go.
"""

import errno
import re
import unicodedata
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from darkroom.formats import names
from darkroom.ingest import size_limits
from darkroom.ingest.members import Fault, Member
from darkroom.params import Ingest
from darkroom.runtime.errors import DarkroomError, DataError, printable
from darkroom.table.rows import are_among, are_repeated

NAME_BYTES = 240  # of one path component; common file systems stop at 255
DEPTH = 8  # folders above a file
SHOWN = 10  # faults that a message spells out
LONGEST = 200  # characters of a name that a message spells out
DANGERS = ("E_ARCHIVE_BOMB", "E_ARCHIVE_LIMIT", "E_ARCHIVE_PREFIX")  # refused even in members that are not unpacked
CUTTING = ("E_ARCHIVE_LIMIT", "E_ARCHIVE_BOMB")  # faults at which the listing of a tar ends
UNPORTABLE = re.compile(r'(con|prn|aux|nul|com\d|lpt\d)(\..*)?|.*[<>:"|?*].*|.*[. ]', re.IGNORECASE)  # on Windows
UNUSUAL = (
    "names use Windows' backslashes, read as folders",
    "names cannot exist on Windows",
    "names were not UTF-8 and are guesses",
)

Parts = tuple[str, ...]


def check(source: str, members: Sequence[Member], limits: Ingest) -> list[str]:
    """Return what is unusual about the archive without being a fault, one sentence each.

    Raises DataError (exit 3) when any member of `source` must not be unpacked, naming up to ten.
    """
    total, listed, single, unusual = size_limits.Total(limits), _Names(), list[Fault](), _Unusual()
    for number, member in enumerate(members):
        total.add(member)
        is_junk = names.is_junk(member.parts)
        single += (fault for fault in _of_one(member, limits) if fault.code in DANGERS or not is_junk)
        if member.parts and not is_junk:
            listed.add(number, member)
            if member.kind == "file":
                unusual.add(member)
    faults = [
        *size_limits.entry_count(len(members), "entries", limits),
        *total.size_faults(),
        *single,
    ]
    if not any(fault.code == "E_ARCHIVE_BOMB" for fault in single):
        faults += total.ratio_faults()
    faults += _between(members, listed)
    if not listed.has_long and not any(fault.code in CUTTING for fault in faults):
        faults += _empty_folders(members, listed)
    if faults:
        raise _error(source, faults)
    return unusual.notes()


class _Unusual:
    """What is unusual about files without being a fault."""

    def __init__(self) -> None:
        self._counts, self._first = Counter[str](), dict[str, str]()

    def add(self, member: Member) -> None:
        backslashes, unportable, guesses = UNUSUAL
        if "\\" in member.raw:
            self._note(backslashes, member)
        if any(UNPORTABLE.fullmatch(part) for part in member.parts):
            self._note(unportable, member)
        if member.guessed:
            self._note(guesses, member)

    def notes(self) -> list[str]:
        """One sentence each."""
        noted = [what for what in UNUSUAL if self._counts[what]]
        return [f"{self._counts[what]} {what}, first {printable(self._first[what])}" for what in noted]

    def _note(self, what: str, member: Member) -> None:
        self._counts[what] += 1
        self._first.setdefault(what, member.raw)


def reraise_if_known(fault: Exception) -> None:
    """Raise `fault` again when it says what it is, or the machine is to blame (exit 5): no permission, a bad disk.

    Readers of zip, gzip and bzip2 raise OSError for damaged data too, without an error number or with EINVAL.
    """
    if isinstance(fault, DarkroomError) or (isinstance(fault, OSError) and fault.errno not in (None, errno.EINVAL)):
        raise fault


def _error(source: str, faults: Sequence[Fault]) -> DataError:
    first, more = faults[0], f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
    what = "; ".join(f"{_shortened(fault.member)} {fault.why}".strip() for fault in faults[:SHOWN]) + more
    where = f"{source}!{_shortened(first.member)}" if first.member else source
    return DataError(first.code, what, where=where, fix=first.fix)


def _shortened(name: str) -> str:
    return f"{printable(name[:LONGEST])}…" if len(name) > LONGEST else printable(name)


def _of_one(member: Member, limits: Ingest) -> Iterator[Fault]:
    yield from member.faults
    yield from _of_name(member)
    if member.kind == "link":
        fix = "replace links by their files; where DVC made them, run `dvc checkout`"
        yield Fault("E_ARCHIVE_LINK", member.raw, "is a link", fix)
    if member.kind == "special":
        yield Fault("E_ARCHIVE_SPECIAL", member.raw, "is neither a file nor a folder", "remove it")
    yield from size_limits.entry_size(member.raw, member.size, size_limits.largest(member.raw, limits))
    if not member.faults:
        yield from size_limits.entry_ratio(member.raw, member, limits)


def _of_name(member: Member) -> Iterator[Fault]:
    raw, parts = member.raw, member.parts
    slashed = raw.replace("\\", "/")
    if slashed.startswith("/") or re.match("[A-Za-z]:", slashed) or ".." in parts:
        yield Fault("E_ARCHIVE_PATH", raw, "leads out of the folder", "make the archive again with relative names only")
    if not raw.isprintable() and any(unicodedata.category(character) == "Cc" for character in raw):
        yield Fault("E_ARCHIVE_NAME", raw, "has control characters in its name", "rename it")
    if not parts and member.kind != "folder":
        yield Fault("E_NAME_CONFLICT", raw, "has no name", "make the archive again")
    if _is_long(member):
        why = f"has a name longer than {NAME_BYTES} bytes or lies deeper than {DEPTH} folders"
        yield Fault("E_ARCHIVE_NAME", raw, why, "shorten the name")


def _is_long(member: Member) -> bool:
    return len(member.parts) > DEPTH + 1 or any(len(part.encode()) > NAME_BYTES for part in member.parts)


class _Names:
    """What the names of the members have in common; 12 bytes for each file are held, and all folders.

    Members with a long name are left out: memory for their parents grows with its square.
    """

    def __init__(self) -> None:
        self.has_long = False
        self.folders: list[int] = []  # members, by number
        self.parents: set[Parts] = set()  # folders that members are or lie in
        self.used: set[Parts] = set()  # folders that files lie in
        self._files, self._hashes = array("I"), array("q")

    def add(self, number: int, member: Member) -> None:
        """Add a member that is not junk."""
        if _is_long(member):
            self.has_long = True
            return
        self.parents.add(member.parts if member.kind == "folder" else member.parts[:-1])
        if member.kind == "folder":
            self.folders.append(number)
        elif member.kind == "file":
            self.used.add(member.parts[:-1])
            self._files.append(number)
            self._hashes.append(hash(_key(member.parts)))

    def suspects(self) -> list[int]:
        """The numbers of the files whose name comes again, apart from its case, or is also that of a folder."""
        hashes = np.frombuffer(self._hashes, np.int64)
        folders = np.fromiter(map(hash, self.folded_folders()), np.int64)
        return np.frombuffer(self._files, np.uint32)[are_repeated(hashes) | are_among(hashes, folders)].tolist()

    def folded_folders(self) -> set[str]:
        """All folders, without their case."""
        return {_key(parts[:depth]) for parts in self.parents for depth in range(1, len(parts) + 1)}


def _key(parts: Parts) -> str:
    return "/".join(parts).casefold()


def _between(members: Sequence[Member], listed: _Names) -> Iterator[Fault]:
    """Find one name for two contents, names that differ in case only, and a file that is also a folder."""
    spellings: dict[str, list[Member]] = defaultdict(list)
    folders = listed.folded_folders()
    for number in listed.suspects():
        spellings[_key(members[number].parts)].append(members[number])
    for key, (first, *others) in spellings.items():
        for other in others:
            if other.parts != first.parts:
                why = f"differs from {printable(first.raw)} in case only"
                yield Fault("E_NAME_COLLISION", other.raw, why, "rename one")
            elif first.crc is None or (first.crc, first.size) != (other.crc, other.size):
                why = f"is there twice with different contents (CRC {first.crc or 0:08x} and {other.crc or 0:08x})"
                yield Fault("E_NAME_CONFLICT", other.raw, why, "keep one")
        if key in folders:
            yield Fault("E_NAME_CONFLICT", first.raw, "is a file and a folder", "rename one")


def _empty_folders(members: Sequence[Member], listed: _Names) -> Iterator[Fault]:
    """A class without images would silently vanish. An archive without any file is refused elsewhere."""
    used = {parts[:depth] for parts in listed.used for depth in range(len(parts) + 1)}
    for member in map(members.__getitem__, listed.folders):
        if used and member.parts not in used:
            if not any(names.is_unlabelled(part) for part in member.parts):
                yield Fault("E_EMPTY_FOLDER", member.raw, "has no files", "add images or remove the folder")
