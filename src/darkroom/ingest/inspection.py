"""Check every member of an archive before a single byte of it is written.

Archives come from strangers. One member that is dangerous, or that could not be unpacked the same way on every
machine, is enough to refuse the whole archive: silently renaming or skipping it would create a data set that nobody
asked for. All faults are collected, so that an archive can be repaired in one go.
"""

import errno
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence

from darkroom.formats import names
from darkroom.ingest import size_limits
from darkroom.ingest.members import Fault, Member
from darkroom.params import Ingest
from darkroom.runtime.errors import DataError, printable

NAME_BYTES = 240  # of one path component; common file systems stop at 255
DEPTH = 8  # folders above a file
SHOWN = 10  # faults that a message spells out
LONGEST = 200  # characters of a name that a message spells out
DANGERS = ("E_ARCHIVE_BOMB", "E_ARCHIVE_LIMIT", "E_ARCHIVE_PREFIX")  # refused even in members that are not unpacked
CUTTING = ("E_ARCHIVE_LIMIT", "E_ARCHIVE_BOMB")  # faults at which the listing of a tar ends
UNPORTABLE = re.compile(r'(con|prn|aux|nul|com\d|lpt\d)(\..*)?|.*[<>:"|?*].*|.*[. ]', re.IGNORECASE)  # on Windows


def check(source: str, members: Sequence[Member], limits: Ingest) -> None:
    """Raise DataError (exit 3) when any member of `source` must not be unpacked, naming up to ten."""
    single = [fault for member in members for fault in _of_one(member, limits) if _matters(member, fault)]
    faults = [
        *size_limits.entry_count(len(members), "entries", limits),
        *size_limits.total_size(members, limits),
        *single,
    ]
    if not any(fault.code == "E_ARCHIVE_BOMB" for fault in single):
        faults += size_limits.total_ratio(members, limits)
    relevant = [member for member in members if member.parts and not names.is_junk(member.parts)]
    short = [member for member in relevant if not _is_long(member)]  # memory for parents grows with the name's square
    faults += _between(short)
    if len(short) == len(relevant) and not any(fault.code in CUTTING for fault in faults):
        faults += _empty_folders(relevant)
    if faults:
        raise _error(source, faults)


def notes(members: Sequence[Member]) -> list[str]:
    """Describe what is unusual about an archive without being a fault, one sentence each."""
    wanted = [member for member in members if member.is_wanted]
    unusual = {
        "names use Windows' backslashes, read as folders": [m for m in wanted if "\\" in m.raw],
        "names cannot exist on Windows": [m for m in wanted if any(UNPORTABLE.fullmatch(part) for part in m.parts)],
        "names were not UTF-8 and are guesses": [m for m in wanted if m.guessed],
    }
    return [f"{len(some)} {what}, first {printable(some[0].raw)}" for what, some in unusual.items() if some]


def reraise_if_of_system(fault: Exception) -> None:
    """Raise `fault` again (exit 5) when the machine is to blame: no permission, a bad disk, no file handles left.

    Readers of zip, gzip and bzip2 raise OSError for damaged data too, without an error number or with EINVAL.
    """
    if isinstance(fault, OSError) and fault.errno not in (None, errno.EINVAL):
        raise fault


def _error(source: str, faults: Sequence[Fault]) -> DataError:
    first, more = faults[0], f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
    what = "; ".join(f"{_shortened(fault.member)} {fault.why}".strip() for fault in faults[:SHOWN]) + more
    where = f"{source}!{_shortened(first.member)}" if first.member else source
    return DataError(first.code, what, where=where, fix=first.fix)


def _shortened(name: str) -> str:
    return f"{printable(name[:LONGEST])}…" if len(name) > LONGEST else printable(name)


def _matters(member: Member, fault: Fault) -> bool:
    """Junk is never unpacked, so it only matters where listing it is dangerous, or where it hides something."""
    return fault.code in DANGERS or not names.is_junk(member.parts)


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
    if any(unicodedata.category(character) == "Cc" for character in raw):
        yield Fault("E_ARCHIVE_NAME", raw, "has control characters in its name", "rename it")
    if not parts and member.kind != "folder":
        yield Fault("E_NAME_CONFLICT", raw, "has no name", "make the archive again")
    if _is_long(member):
        why = f"has a name longer than {NAME_BYTES} bytes or lies deeper than {DEPTH} folders"
        yield Fault("E_ARCHIVE_NAME", raw, why, "shorten the name")


def _is_long(member: Member) -> bool:
    return len(member.parts) > DEPTH + 1 or any(len(part.encode()) > NAME_BYTES for part in member.parts)


def _between(members: Sequence[Member]) -> Iterator[Fault]:
    """Find one name for two contents, names that differ in case only, and a file that is also a folder."""
    spellings: dict[str, list[Member]] = defaultdict(list)
    folders = {folder for member in members for folder in _folders(member)}
    for member in members:
        if member.kind == "file":
            spellings["/".join(member.parts).casefold()].append(member)
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


def _empty_folders(members: Sequence[Member]) -> Iterator[Fault]:
    """A class without images would silently vanish. An archive without any file is refused elsewhere."""
    used = {member.parts[:depth] for member in members if member.is_wanted for depth in range(len(member.parts))}
    for member in members:
        if used and member.kind == "folder" and member.parts not in used:
            if not any(names.is_unlabelled(part) for part in member.parts):
                yield Fault("E_EMPTY_FOLDER", member.raw, "has no files", "add images or remove the folder")


def _folders(member: Member) -> Iterator[str]:
    parts = [part.casefold() for part in member.parts]
    for depth in range(1, len(parts) + (member.kind == "folder")):
        yield "/".join(parts[:depth])
