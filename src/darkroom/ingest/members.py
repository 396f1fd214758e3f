"""What the readers of zips, tars and folders report: the members of an archive, and what is wrong with them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, cast, overload

import numpy as np

from darkroom.formats import names
from darkroom.ingest.streams import Stream
from darkroom.table.rows import Rows, are_repeated

Kind = Literal["file", "folder", "link", "special"]


class Fault(NamedTuple):
    """A reason to refuse an archive; `member` is "" where it concerns the archive as a whole."""

    code: str
    member: str
    why: str
    fix: str


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of an archive. Sizes are in bytes; `crc` is None where the archive has none.

    The members of an archive share one `opener`, so that a table can hold all else.
    """

    raw: str  # the name as the archive spells it
    kind: Kind
    size: int
    packed: int  # size in the archive, headers included
    crc: int | None
    opener: Callable[["Member"], Stream]
    place: int = 0  # what the opener finds the data by
    faults: tuple[Fault, ...] = ()  # specific to the archive's format, such as an encrypted member
    guessed: bool = False  # the name was not UTF-8
    parts: tuple[str, ...] = field(init=False)  # the name in the form in which names are compared

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", names.parts_of(self.raw))

    def open(self) -> Stream:
        return self.opener(self)

    @property
    def is_wanted(self) -> bool:
        """Whether the member is unpacked: a file that is not junk."""
        return self.kind == "file" and not names.is_junk(self.parts)


class Members(Sequence[Member]):
    """The members of an archive, held as a table: in a file where there are many, and no memory but for faults.

    A member is made when it is asked for. The price: about 6 microseconds for each.
    """

    def __init__(self, members: Iterable[Member], opener: Callable[[Member], Stream]):
        """`opener` is that of all of them."""
        self._opener = opener
        self._faults: list[tuple[Fault, ...]] = [()]  # those of a member are at the number in its row
        self._rows = Rows.gather(map(self._row, members))

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, number: int) -> Member: ...
    @overload
    def __getitem__(self, number: slice) -> list[Member]: ...
    def __getitem__(self, number: int | slice) -> Member | list[Member]:
        if isinstance(number, slice):
            return [self[n] for n in range(*number.indices(len(self)))]
        return self._member(self._rows[number])

    def __iter__(self) -> Iterator[Member]:
        return map(self._member, self._rows)

    def wanted(self) -> "Members":
        """Those that are unpacked. Of equal ones with one name, the last is, in the place of the first."""
        later = self._later()
        if not later:
            return self._of(self._rows.where(self._rows.column("is_wanted")))
        numbers = (n for n, is_wanted in enumerate(self._rows.column("is_wanted")) if is_wanted)
        dropped = {number for group in later.values() for number in group}
        return self._of(Rows.gather(self._rows[later.get(n, [n])[-1]] for n in numbers if n not in dropped))

    def junk(self) -> Iterator[str]:
        """The names, without folders, of the files and links that are not unpacked."""
        for row in self._rows.select(("raw", "kind", "is_wanted")):
            if not row["is_wanted"] and row["kind"] != "folder":
                yield names.parts_of(row["raw"])[-1]

    def sizes(self) -> Iterator[int]:
        """Bytes of each."""
        return self._rows.column("size")

    def _of(self, rows: Rows) -> "Members":
        """Some members of this archive, with their faults."""
        chosen = Members((), self._opener)
        chosen._rows, chosen._faults = rows, self._faults
        return chosen

    def _later(self) -> dict[int, list[int]]:
        """Of wanted members with one name: the numbers of the others by that of the first."""
        first: dict[tuple[str, ...], int] = {}
        later: dict[int, list[int]] = {}
        hashes = np.fromiter(self._rows.column("name_hash"), np.int64, len(self))
        for number in np.flatnonzero(are_repeated(hashes)).tolist():
            member = self[number]
            if member.is_wanted and (before := first.setdefault(member.parts, number)) != number:
                later.setdefault(before, []).append(number)
        return later

    def _row(self, member: Member) -> Mapping[str, Any]:
        if member.faults:
            self._faults.append(member.faults)
        return {
            "raw": member.raw,
            "kind": member.kind,
            "size": member.size,
            "packed": member.packed,
            "crc": -1 if member.crc is None else member.crc,
            "place": member.place,
            "faults": len(self._faults) - 1 if member.faults else 0,
            "guessed": int(member.guessed),
            "is_wanted": int(member.is_wanted),
            "name_hash": hash(member.parts),
        }

    def _member(self, row: Mapping[str, Any]) -> Member:
        return Member(
            raw=row["raw"],
            kind=cast(Kind, row["kind"]),
            size=row["size"],
            packed=row["packed"],
            crc=None if row["crc"] < 0 else row["crc"],
            opener=self._opener,
            place=row["place"],
            faults=self._faults[row["faults"]],
            guessed=bool(row["guessed"]),
        )
