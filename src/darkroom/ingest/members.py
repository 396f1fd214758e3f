"""What the readers of zips, tars and folders report: the members of an archive, and what is wrong with them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from darkroom.formats import names
from darkroom.ingest.streams import Stream

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

    The members of an archive share one `opener`, because a function of its own would be a third of a member's memory.
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
