"""List the members of a tar archive, plain or compressed with gzip, bzip2 or xz.

A tar has no directory: listing it means unpacking it once, so the limits apply while it is being read, and nothing is
unpacked of the member that exceeds one. `tarfile` parses single headers (`TarInfo.frombuf`); which headers are read,
and how much of them, is decided here, because its own listing believes what strangers declare: a header of 0.9 MB took
25 minutes before Python 3.11.10. The price: the archive is unpacked twice, once to check and once to copy.
"""

import bz2
import gzip
import lzma
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from darkroom import sniff
from darkroom.formats import names
from darkroom.ingest import inspection, size_limits, streams
from darkroom.ingest.members import Fault, Kind, Member, Members
from darkroom.ingest.streams import SeekableStream, Stream
from darkroom.params import Ingest
from darkroom.runtime.errors import DataError

OPENERS: dict[str, Callable[[BinaryIO], SeekableStream]] = {
    "gzip": lambda file: gzip.GzipFile(fileobj=file),
    "bzip2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
}
HEADERS = 64 << 10  # bytes that may describe one member: a path has at most 4 kB, attributes on Linux at most 64 kB
PADDING = 1 << 20  # bytes of zeros that may follow the last member; writers fill up to 10 kB
DESCRIBING = (  # headers that describe the next member, or (XGLTYPE) all that follow
    tarfile.XHDTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
SPARSE = b"GNU.sparse."  # prefix of the pax keys of sparse files


@contextmanager
def members(source: Path, limits: Ingest) -> Iterator[Members]:
    """Yield the members in archive order, to be read in that order inside the `with` block.

    The list ends with the first member that exceeds a limit. Raises DataError (exit 3) when it is no complete tar.
    """
    with source.open("rb") as file:
        compression = sniff.kind(file.read(sniff.LENGTH))
        file.seek(0)
        try:
            stream: SeekableStream = OPENERS[compression](file) if compression in OPENERS else file

            def opener(member: Member) -> Stream:
                return streams.section(stream, member.place, member.size)

            listed = Members(_until_too_much(stream, opener, source.stat().st_size, limits), opener)
        except Exception as fault:  # every compression has its own errors, and damage shows as several of them
            inspection.reraise_if_known(fault)
            raise _corrupt(source, fault) from fault
        with stream:
            yield listed


def _until_too_much(
    stream: SeekableStream, opener: Callable[[Member], Stream], packed: int, limits: Ingest
) -> Iterator[Member]:
    total = named = 0
    for number, (name, info) in enumerate(_headers(stream), 1):
        total, named, end = total + info.size, named + len(name), info.offset_data + info.size
        raw, guessed = names.decoded(name)
        is_too_large = info.size > size_limits.largest(raw, limits) or total > limits.max_total_bytes
        is_bomb = not is_too_large and size_limits.beyond_ratio(end, packed, limits) > size_limits.ALLOWANCE
        faults = (_bomb(raw, packed, end, limits),) if is_bomb else ()
        # A member has no packed size of its own: the ratio is that of the archive so far.
        yield Member(raw, _kind(info), info.size, info.size, None, opener, info.offset_data, faults, guessed)
        if is_too_large or is_bomb or number > limits.max_entries:
            return
        if named > HEADERS + inspection.NAME_BYTES * limits.max_entries:
            raise tarfile.ReadError(f"its names alone have {named} bytes")


def _headers(stream: SeekableStream) -> Iterator[tuple[bytes, tarfile.TarInfo]]:
    """Yield name and header of each member. Raises ReadError at anything that is not a header."""
    shared: dict[bytes, bytes] = {}
    own: dict[bytes, bytes] = {}
    end, left = 0, HEADERS
    while info := _header(stream, end):
        left -= tarfile.BLOCKSIZE
        if info.type in DESCRIBING:
            left -= info.size
            if left < 0:
                raise tarfile.ReadError(f"more than {HEADERS} bytes describe one member")
            _collect(info.type, _exactly(stream, info.size), own, shared)
        else:
            name = _apply(shared | own, info)
            yield name, info
            own, left = {}, HEADERS
        end = info.offset_data + info.size
    if own:
        raise tarfile.ReadError("its last member is missing")


def _header(stream: SeekableStream, end: int) -> tarfile.TarInfo | None:
    """Return the header after byte `end`, None when the archive ends there: in zeros, and with a correct sum."""
    start = -(-end // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
    stream.seek(start)
    block = _exactly(stream, tarfile.BLOCKSIZE)
    if not any(block):
        if any(stream.read(PADDING)) or stream.read(1):  # reading past the end makes gzip check its sum
            raise tarfile.ReadError("something follows its end")
        return None
    info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    if info.size < 0:
        raise tarfile.ReadError(f"a member of {info.size} bytes")
    info.offset_data = start + tarfile.BLOCKSIZE
    if info.type == tarfile.GNUTYPE_SPARSE and block[482]:
        info.offset_data += _sparse_map_length(stream)
    return info


def _sparse_map_length(stream: SeekableStream) -> int:
    """Return the bytes of the blocks that continue the map of a sparse file; each says whether another follows."""
    for length in range(tarfile.BLOCKSIZE, HEADERS, tarfile.BLOCKSIZE):
        if not _exactly(stream, tarfile.BLOCKSIZE)[504]:
            return length
    raise tarfile.ReadError(f"more than {HEADERS} bytes describe one member")


def _exactly(stream: SeekableStream, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise tarfile.ReadError("it is cut")
    return data


def _collect(kind: bytes, body: bytes, own: dict[bytes, bytes], shared: dict[bytes, bytes]) -> None:
    """Add what `body` declares to the fields of the next member (`own`), or of all that follow (`shared`)."""
    if kind == tarfile.GNUTYPE_LONGNAME:
        own[b"path"] = body.partition(b"\0")[0]
    elif kind != tarfile.GNUTYPE_LONGLINK:
        records = {SPARSE if key.startswith(SPARSE) else key: value for key, value in _records(body)}
        fields = {key: records[key] for key in (b"path", b"size", SPARSE) if key in records}
        (shared if kind == tarfile.XGLTYPE else own).update(fields)


def _records(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the records of a pax header (POSIX.1-2001): `LENGTH KEY=VALUE` and a newline, all counted by LENGTH."""
    body = body.rstrip(b"\0")
    start = 0
    while start < len(body):
        digits, _, _ = body[start : start + 9].partition(b" ")
        end = start + _integer(digits)
        key, equals, value = body[start + len(digits) + 1 : end - 1].partition(b"=")
        if not equals or body[end - 1 : end] != b"\n":
            raise tarfile.ReadError("a damaged pax header")
        yield key, value
        start = end


def _integer(digits: bytes) -> int:
    if not digits.isdigit():  # `int` would also accept a sign
        raise tarfile.ReadError("a damaged pax header")
    return int(digits)


def _apply(fields: dict[bytes, bytes], info: tarfile.TarInfo) -> bytes:
    """Correct `info` by the fields of the pax and GNU headers before it, and return the name."""
    if size := fields.get(b"size"):
        info.size = _integer(size)
    if SPARSE in fields:
        info.type = tarfile.GNUTYPE_SPARSE
    if not info.isreg() and info.type in tarfile.SUPPORTED_TYPES:
        info.size = 0  # links and folders may declare one, but no data follow
    return fields.get(b"path", info.name.encode("utf-8", "surrogateescape"))


def _kind(info: tarfile.TarInfo) -> Kind:
    if info.issym() or info.islnk():
        return "link"
    if info.isdir():
        return "folder"
    return "file" if info.isfile() and info.type != tarfile.GNUTYPE_SPARSE else "special"


def _bomb(name: str, packed: int, end: int, limits: Ingest) -> Fault:
    why = f"brings the archive from {packed} to {end} bytes and more, above {limits.max_ratio:g} to 1"
    return size_limits.fault("E_ARCHIVE_BOMB", name, why, "max_ratio")


def _corrupt(source: Path, fault: Exception) -> DataError:
    what = f"not a complete tar archive: {fault} ({source.stat().st_size} bytes)"
    return DataError("E_ARCHIVE_CORRUPT", what, where=source, fix="get it again: download it anew or run `dvc pull`")
