"""The members of a tar archive, plain or packed with gzip, bzip2 or xz.

A tar has no directory: to list it is to unpack it once, so the limits hold while it is being read, and nothing is
unpacked of the member that passes one. `tarfile` reads one header (`TarInfo.frombuf`); which headers are read, and
how much of them, is decided here, because its own listing believes what strangers declare: a header of 0.9 MB took it
25 minutes before Python 3.11.10. The price: the archive is unpacked twice, once to judge and once to copy.
"""

import bz2
import gzip
import lzma
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from darkroom import sniff
from darkroom.formats import names
from darkroom.ingest import inspection
from darkroom.ingest.inspection import Fault, Member
from darkroom.ingest.slices import Slice
from darkroom.params import Ingest
from darkroom.runtime.errors import DataError

OPENERS = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}
HEADERS = 64 << 10  # bytes that may describe one member: a path has at most 4 kB, attributes on Linux at most 64
PADDING = 1 << 20  # bytes of zeros that may follow the last member; writers fill up to 10 kB
DESCRIBING = (  # headers that say something of the next member, or (XGLTYPE) of all that follow
    tarfile.XHDTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
SPARSE = b"GNU.sparse."  # pax keys that begin so say that the data have holes


@contextmanager
def members(source: Path, limits: Ingest) -> Iterator[list[Member]]:
    """The entries in their order, readable in that order while the block lasts.

    The list ends with the first member that passes a limit. Raises DataError (exit 3) when it is no whole tar.
    """
    with source.open("rb") as file:
        packing = sniff.kind(file.read(sniff.LENGTH))
        file.seek(0)
        try:
            stream = OPENERS.get(packing, lambda plain: plain)(file)
            found = list(_until_too_much(stream, source.stat().st_size, limits))
        except Exception as fault:  # each packing has errors of its own, and damage shows as several of them
            inspection.raise_if_of_system(fault)
            raise _corrupt(source, fault) from fault
        with stream:
            yield found


def _until_too_much(stream: BinaryIO, packed: int, limits: Ingest) -> Iterator[Member]:
    total = named = 0
    for number, (name, info) in enumerate(_headers(stream), 1):
        total, named, end = total + info.size, named + len(name), info.offset_data + info.size
        raw, guessed = names.decoded(name)
        much = info.size > inspection.largest(raw, limits) or total > limits.max_total_bytes
        swells = not much and inspection.swelling(end, packed, limits) > inspection.ALLOWANCE
        data = partial(Slice, stream, info.offset_data, info.size)
        faults = (_bomb(raw, packed, end, limits),) if swells else ()
        # One member has no packed size of its own: the ratio is that of the whole.
        yield Member(raw, _kind(info), info.size, info.size, None, data, faults, guessed)
        if much or swells or number > limits.max_entries:
            return
        if named > HEADERS + inspection.NAME_BYTES * limits.max_entries:
            raise tarfile.ReadError(f"its names alone have {named} bytes")


def _headers(stream: BinaryIO) -> Iterator[tuple[bytes, tarfile.TarInfo]]:
    """The name and the header of each member, to the end. Raises ReadError where what follows is no header."""
    shared: dict[bytes, bytes] = {}
    own: dict[bytes, bytes] = {}
    end, left = 0, HEADERS
    while info := _header(stream, end):
        left -= tarfile.BLOCKSIZE
        if info.type in DESCRIBING:
            left -= info.size
            if left < 0:
                raise tarfile.ReadError(f"more than {HEADERS} bytes describe one member")
            _learn(info.type, _exactly(stream, info.size), own, shared)
        else:
            name = _apply(shared | own, info)
            yield name, info
            own, left = {}, HEADERS
        end = info.offset_data + info.size
    if own:
        raise tarfile.ReadError("its last member is missing")


def _header(stream: BinaryIO, end: int) -> tarfile.TarInfo | None:
    """The header after byte `end`, None when the archive ends there: in zeros, and with a right sum."""
    start = -(-end // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
    stream.seek(start)
    block = _exactly(stream, tarfile.BLOCKSIZE)
    if not any(block):
        if any(stream.read(PADDING)) or stream.read(1):  # asking for more than there is makes gzip check its sums
            raise tarfile.ReadError("something follows its end")
        return None
    info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    if info.size < 0:
        raise tarfile.ReadError(f"a member of {info.size} bytes")
    info.offset_data = start + tarfile.BLOCKSIZE
    if info.type == tarfile.GNUTYPE_SPARSE and block[482]:
        info.offset_data += _length_of_map(stream)
    return info


def _length_of_map(stream: BinaryIO) -> int:
    """Bytes of the blocks that go on with the list of holes of a sparse file; each says whether one follows."""
    for length in range(tarfile.BLOCKSIZE, HEADERS, tarfile.BLOCKSIZE):
        if not _exactly(stream, tarfile.BLOCKSIZE)[504]:
            return length
    raise tarfile.ReadError(f"more than {HEADERS} bytes describe one member")


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise tarfile.ReadError("it is cut")
    return data


def _learn(kind: bytes, body: bytes, own: dict[bytes, bytes], shared: dict[bytes, bytes]) -> None:
    """Keep what `body` says of the name and the size of the next member, or of all that follow."""
    if kind == tarfile.GNUTYPE_LONGNAME:
        own[b"path"] = body.partition(b"\0")[0]
    elif kind != tarfile.GNUTYPE_LONGLINK:
        said = {SPARSE if key.startswith(SPARSE) else key: value for key, value in _records(body)}
        known = {key: said[key] for key in (b"path", b"size", SPARSE) if key in said}
        (shared if kind == tarfile.XGLTYPE else own).update(known)


def _records(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a pax header (POSIX.1-2001): `LENGTH KEY=VALUE` and a new line; the length counts them all."""
    body = body.rstrip(b"\0")
    start = 0
    while start < len(body):
        digits, _, _ = body[start : start + 9].partition(b" ")
        end = start + _whole(digits)
        key, equals, value = body[start + len(digits) + 1 : end - 1].partition(b"=")
        if not equals or body[end - 1 : end] != b"\n":
            raise tarfile.ReadError("a damaged pax header")
        yield key, value
        start = end


def _whole(digits: bytes) -> int:
    if not digits.isdigit():  # `int` would take a sign, too
        raise tarfile.ReadError("a damaged pax header")
    return int(digits)


def _apply(told: dict[bytes, bytes], info: tarfile.TarInfo) -> bytes:
    """Correct `info` by what pax and GNU headers told before it, and return the name."""
    if size := told.get(b"size"):
        info.size = _whole(size)
    if SPARSE in told:
        info.type = tarfile.GNUTYPE_SPARSE
    if not info.isreg() and info.type in tarfile.SUPPORTED_TYPES:
        info.size = 0  # links and folders may declare one, and no data follow
    return told.get(b"path", info.name.encode("utf-8", "surrogateescape"))


def _kind(info: tarfile.TarInfo) -> str:
    if info.issym() or info.islnk():
        return "link"
    if info.isdir():
        return "folder"
    return "file" if info.isfile() and info.type != tarfile.GNUTYPE_SPARSE else "special"


def _bomb(name: str, packed: int, end: int, limits: Ingest) -> Fault:
    why = f"brings the archive from {packed} to {end} bytes and more, above {limits.max_ratio:g} to 1"
    return Fault("E_ARCHIVE_BOMB", name, why, "raise ingest.max_ratio if you trust this archive")


def _corrupt(source: Path, fault: Exception) -> DataError:
    what = f"not a whole tar archive: {fault} ({source.stat().st_size} bytes)"
    return DataError("E_ARCHIVE_CORRUPT", what, where=source, fix="get it again: download it anew or run `dvc pull`")
