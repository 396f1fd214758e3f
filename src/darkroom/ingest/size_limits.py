"""The size limits of the params section `ingest`, for archives and arrays alike.

They apply to declared sizes, before anything is unpacked. All sizes are in bytes. Each check yields a Fault when its
limit is exceeded, else nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from darkroom.formats import names
from darkroom.ingest.members import Fault
from darkroom.params import Ingest

SMALL = 256 << 10  # up to this size any ratio is accepted: a blank BMP of 256 x 256 pixels packs at 1,000 to 1
ALLOWANCE = 8 << 20  # that an archive may unpack to beyond the ratio, all members together


class Sized(Protocol):
    @property
    def size(self) -> int: ...

    @property
    def packed(self) -> int: ...


def largest(name: str, limits: Ingest) -> int:
    """Return the size that a file of this name may have."""
    return limits.max_total_bytes if names.is_array(name) else limits.max_entry_bytes


def beyond_ratio(size: int, packed: int, limits: Ingest) -> float:
    """Return how much of `size` exceeds `max_ratio` times `packed`."""
    return max(0.0, size - limits.max_ratio * packed)


def entry_count(n: int, noun: str, limits: Ingest) -> Iterator[Fault]:
    if n > limits.max_entries:
        yield fault("E_ARCHIVE_LIMIT", "", f"{n} {noun}, more than {limits.max_entries}", "max_entries")


def entry_size(name: str, size: int, most: int) -> Iterator[Fault]:
    """Check one file, or one image of an array."""
    if size > most:
        yield fault("E_ARCHIVE_LIMIT", name, f"unpacks to {size} bytes, more than {most}", "max_entry_bytes")


def entry_ratio(name: str, entry: Sized, limits: Ingest) -> Iterator[Fault]:
    if entry.size > SMALL and beyond_ratio(entry.size, entry.packed, limits):
        why = f"swells from {entry.packed} to {entry.size} bytes, more than {limits.max_ratio:g} to 1"
        yield fault("E_ARCHIVE_BOMB", name, why, "max_ratio")


@dataclass
class Total:
    """All entries together."""

    limits: Ingest
    size: int = 0
    swollen: int = 0  # entries that are beyond the ratio: a bomb may come as many small ones
    swollen_size: int = 0
    swollen_packed: int = 0
    beyond: float = 0.0

    def add(self, entry: Sized) -> None:
        self.size += entry.size
        if beyond := beyond_ratio(entry.size, entry.packed, self.limits):
            self.swollen += 1
            self.swollen_size += entry.size
            self.swollen_packed += entry.packed
            self.beyond += beyond

    def size_faults(self) -> Iterator[Fault]:
        if self.size > self.limits.max_total_bytes:
            why = f"{self.size} bytes unpacked, more than {self.limits.max_total_bytes}"
            yield fault("E_ARCHIVE_LIMIT", "", why, "max_total_bytes")

    def ratio_faults(self) -> Iterator[Fault]:
        if self.beyond > ALLOWANCE:
            sizes = f"from {self.swollen_packed} to {self.swollen_size} bytes"
            why = f"{self.swollen} files swell {sizes}, more than {self.limits.max_ratio:g} to 1"
            yield fault("E_ARCHIVE_BOMB", "", why, "max_ratio")


def fault(code: str, name: str, why: str, param: str) -> Fault:
    return Fault(code, name, why, f"raise ingest.{param} if you trust this archive")
