"""Judge every member of an archive before one byte of it is written.

Archives come from strangers. A member that is dangerous or could not be unpacked the same way on every
machine refuses the whole archive: renaming or skipping it silently would make a data set nobody asked for.
All faults are collected, so that one repair mends the archive.
"""

import errno
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from darkroom.formats import names
from darkroom.params import Ingest
from darkroom.runtime.errors import DataError, printable

NAME_BYTES = 240  # of one component; common file systems stop at 255
DEPTH = 8  # folders above a file
SMALL = 256 << 10  # bytes; below it no ratio is suspicious: a blank BMP of 256 x 256 pixels is 1,000 to 1
ALLOWANCE = 8 << 20  # bytes that an archive may hold beyond the ratio, all members together
SHOWN = 10  # faults a message spells out
DANGERS = ("E_ARCHIVE_BOMB", "E_ARCHIVE_LIMIT", "E_ARCHIVE_PREFIX")  # also of a member that is left out
LONGEST = 200  # characters of a name that a message spells out
CUTTING = ("E_ARCHIVE_LIMIT", "E_ARCHIVE_BOMB")  # faults after which a tar is listed no further
UNPORTABLE = re.compile(r'(con|prn|aux|nul|com\d|lpt\d)(\..*)?|.*[<>:"|?*].*|.*[. ]', re.IGNORECASE)  # on Windows


class Fault(NamedTuple):
    code: str
    member: str
    why: str
    fix: str


@dataclass(frozen=True)
class Member:
    """One entry of an archive. Sizes in bytes, `crc` is None where the source has none."""

    raw: str  # the name as the archive spells it
    kind: str  # file | folder | link | special
    size: int
    packed: int  # in the archive, headers included
    crc: int | None
    open: Callable[[], BinaryIO]
    faults: tuple[Fault, ...] = ()  # of the container, such as an encrypted member
    guessed: bool = False  # the name was not UTF-8

    @property
    def parts(self) -> tuple[str, ...]:
        """The name in the form in which names are compared."""
        return names.parts_of(self.raw)


def insist(source: str, members: Sequence[Member], limits: Ingest) -> None:
    """Raises DataError (exit 3) when any member of `source` must not be unpacked, naming up to ten."""
    alone = [
        fault for member in members for fault in (*member.faults, *_alone(member, limits)) if _counts(member, fault)
    ]
    found = [*_totals(members, limits), *alone]
    if not any(fault.code == "E_ARCHIVE_BOMB" for fault in alone):
        found += _swollen(members, limits)
    kept = [member for member in members if member.parts and not names.is_junk(member.parts)]
    short = [member for member in kept if not _is_long(member)]  # the folders of a name are as long as its square
    found += _together(short)
    if len(short) == len(kept) and not any(fault.code in CUTTING for fault in found):
        found += _empty(kept)
    if found:
        more = f"; and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        what = "; ".join(f"{_short(fault.member)} {fault.why}".strip() for fault in found[:SHOWN]) + more
        where = f"{source}!{_short(found[0].member)}" if found[0].member else source
        raise DataError(found[0].code, what, where=where, fix=found[0].fix)


def _counts(member: Member, fault: Fault) -> bool:
    """Junk is never unpacked, so it refuses an archive only where listing it is the danger, or it hides something."""
    return fault.code in DANGERS or not names.is_junk(member.parts)


def raise_if_of_system(fault: Exception) -> None:
    """Raise `fault` again (exit 5) when the machine is to blame: no permission, a bad disk, no file handles left.

    The readers of zip, gzip and bzip2 raise OSError for damaged data, too, without a number or with EINVAL.
    """
    if isinstance(fault, OSError) and fault.errno not in (None, errno.EINVAL):
        raise fault


def swelling(size: int, packed: int, limits: Ingest) -> float:
    """Bytes of `size` beyond what `max_ratio` grants to `packed` bytes."""
    return max(0.0, size - limits.max_ratio * packed)


def _short(name: str) -> str:
    return f"{printable(name[:LONGEST])}…" if len(name) > LONGEST else printable(name)


def _totals(members: Sequence[Member], limits: Ingest) -> Iterator[Fault]:
    total = sum(member.size for member in members)
    if len(members) > limits.max_entries:
        why = f"{len(members)} entries, more than {limits.max_entries}"
        yield Fault("E_ARCHIVE_LIMIT", "", why, "raise ingest.max_entries if you trust this archive")
    if total > limits.max_total_bytes:
        why = f"{total} bytes unpacked, more than {limits.max_total_bytes}"
        yield Fault("E_ARCHIVE_LIMIT", "", why, "raise ingest.max_total_bytes if you trust this archive")


def _swollen(members: Sequence[Member], limits: Ingest) -> Iterator[Fault]:
    """A bomb may come as many small members: what all of them unpack to beyond the ratio is bounded, too."""
    swollen = [member for member in members if swelling(member.size, member.packed, limits)]
    if sum(swelling(member.size, member.packed, limits) for member in swollen) > ALLOWANCE:
        size, packed = sum(member.size for member in swollen), sum(member.packed for member in swollen)
        why = f"{len(swollen)} files swell from {packed} to {size} bytes, more than {limits.max_ratio:g} to 1"
        yield Fault("E_ARCHIVE_BOMB", "", why, "raise ingest.max_ratio if you trust this archive")


def _alone(member: Member, limits: Ingest) -> Iterator[Fault]:
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
    if member.kind == "link":
        fix = "replace links by their files; where DVC made them, run `dvc checkout`"
        yield Fault("E_ARCHIVE_LINK", raw, "is a link", fix)
    if member.kind == "special":
        yield Fault("E_ARCHIVE_SPECIAL", raw, "is neither a file nor a folder", "remove it")
    if member.size > largest(raw, limits):
        why = f"unpacks to {member.size} bytes, more than {largest(raw, limits)}"
        yield Fault("E_ARCHIVE_LIMIT", raw, why, "raise ingest.max_entry_bytes if you trust this archive")
    if not member.faults and member.size > SMALL and swelling(member.size, member.packed, limits):
        why = f"swells from {member.packed} to {member.size} bytes, more than {limits.max_ratio:g} to 1"
        yield Fault("E_ARCHIVE_BOMB", raw, why, "raise ingest.max_ratio if you trust this archive")


def _is_long(member: Member) -> bool:
    return len(member.parts) > DEPTH + 1 or any(len(part.encode()) > NAME_BYTES for part in member.parts)


def largest(name: str, limits: Ingest) -> int:
    """Bytes that a member of this name may have."""
    return limits.max_total_bytes if names.is_array(name) else limits.max_entry_bytes


def _together(members: Sequence[Member]) -> Iterator[Fault]:
    """Faults between members: one name for two contents, names that differ in case only, a file used as a folder."""
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


def _empty(members: Sequence[Member]) -> Iterator[Fault]:
    """A class without images would vanish without a word. An archive that is empty altogether is no concern here."""
    used = {member.parts[:depth] for member in members if is_wanted(member) for depth in range(len(member.parts))}
    for member in members:
        if used and member.kind == "folder" and member.parts not in used:
            if not any(names.is_unlabelled(part) for part in member.parts):
                yield Fault("E_EMPTY_FOLDER", member.raw, "has no files", "add images or remove the folder")


def _folders(member: Member) -> Iterator[str]:
    parts = [part.casefold() for part in member.parts]
    for depth in range(1, len(parts) + (member.kind == "folder")):
        yield "/".join(parts[:depth])


def notes(members: Sequence[Member]) -> list[str]:
    """What is odd about an archive without being a fault, a sentence each."""
    wanted = [member for member in members if is_wanted(member)]
    odd = {
        "names use Windows' backslashes, read as folders": [m for m in wanted if "\\" in m.raw],
        "names cannot exist on Windows": [m for m in wanted if any(UNPORTABLE.fullmatch(part) for part in m.parts)],
        "names were not UTF-8 and are guesses": [m for m in wanted if m.guessed],
    }
    return [f"{len(found)} {what}, first {printable(found[0].raw)}" for what, found in odd.items() if found]


def is_wanted(member: Member) -> bool:
    return member.kind == "file" and not names.is_junk(member.parts)
