"""The members of a tar archive, plain or packed with gzip, bzip2 or xz.

A tar has no directory: to list it is to unpack it once, so the limits hold while it is being read, and a bomb is
left where it passes them. `tarfile` is asked to list and to read only; it never writes. The price: the archive is
unpacked twice, once to judge and once to copy.
"""

import bz2
import gzip
import lzma
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from darkroom.data import inspection, magic, names
from darkroom.data.inspection import Fault, Member
from darkroom.errors import DataError
from darkroom.params import Ingest

OPENERS = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}
GRACE = 100 << 20  # bytes unpacked; below it no ratio of a whole archive is suspicious
HEADER = 1 << 20  # bytes; a name, or whatever else describes a member, is never longer


@contextmanager
def members(source: Path, limits: Ingest) -> Iterator[list[Member]]:
    """The entries in their order, readable in that order while the block lasts.

    The list ends with the first member that passes a limit. Raises DataError (exit 3) when it is no whole tar.
    """
    with source.open("rb") as file:
        packing = magic.kind(file.read(magic.LENGTH))
        file.seek(0)
        try:
            stream = OPENERS.get(packing, lambda plain: plain)(file)
            archive = tarfile.open(fileobj=_Wary(stream), mode="r:", encoding="utf-8", errors="surrogateescape")
            found = list(_until_too_much(archive, source.stat().st_size, limits))
            _insist_on_end(archive, found)
        except Exception as fault:  # each packing has errors of its own, and damage shows as several of them
            raise _corrupt(source, fault) from fault
        with archive:
            yield found


class _Wary:
    """A stream that refuses huge single reads: `tarfile` would hold a header of any size in memory."""

    def __init__(self, stream: BinaryIO):
        self.tell, self.seek, self.close = stream.tell, stream.seek, stream.close
        self._read = stream.read

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= HEADER:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self._read(size)


def _until_too_much(archive: tarfile.TarFile, packed: int, limits: Ingest) -> Iterator[Member]:
    total = 0
    for number, info in enumerate(archive, 1):
        total += info.size
        swells = total > GRACE and total > limits.max_ratio * packed
        yield _member(archive, info, (_bomb(info, packed, total, limits),) if swells else ())
        much = info.size > inspection.largest(info.name, limits) or total > limits.max_total_bytes
        if swells or much or number > limits.max_entries:
            return


def _insist_on_end(archive: tarfile.TarFile, found: Sequence[Member]) -> None:
    """`tarfile` takes a damaged header for the end. The real end is zeros and a right sum. Raises ReadError."""
    if archive.next() is None:
        archive.fileobj.seek(archive.offset)
        first = archive.fileobj.read(HEADER)  # writers fill up to 10 kB; asking for more makes gzip check its sums
        if len(first) < tarfile.BLOCKSIZE or any(first) or archive.fileobj.read(1):
            raise tarfile.ReadError(f"damaged or cut after {len(found)} members")


def _member(archive: tarfile.TarFile, info: tarfile.TarInfo, faults: tuple[Fault, ...]) -> Member:
    name, guessed = names.decoded(info.name.encode("utf-8", "surrogateescape"))
    return Member(
        raw=name,
        kind=_kind(info),
        size=info.size,
        packed=info.size,  # one member has no size of its own; the ratio is that of the whole
        crc=None,
        open=partial(archive.extractfile, info),
        faults=faults,
        guessed=guessed,
    )


def _kind(info: tarfile.TarInfo) -> str:
    if info.issym() or info.islnk():
        return "link"
    if info.isdir():
        return "folder"
    return "file" if info.isfile() and not info.issparse() else "special"


def _bomb(info: tarfile.TarInfo, packed: int, total: int, limits: Ingest) -> Fault:
    why = f"brings the archive from {packed} to {total} bytes and more, above {limits.max_ratio:g} to 1"
    return Fault("E_ARCHIVE_BOMB", info.name, why, "raise ingest.max_ratio if you trust this archive")


def _corrupt(source: Path, fault: Exception) -> DataError:
    what = f"not a whole tar archive: {fault} ({source.stat().st_size} bytes)"
    return DataError("E_ARCHIVE_CORRUPT", what, where=source, fix="get it again: download it anew or run `dvc pull`")
