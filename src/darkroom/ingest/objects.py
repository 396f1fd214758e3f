"""Archives in a bucket or on a web server: which version lies there, and its bytes from any offset.

DVC knows a version by the same facts: dvc.yaml lists the URL itself as a dependency.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from darkroom.formats import names
from darkroom.ingest.streams import SeekableStream
from darkroom.runtime.buckets import file_system
from darkroom.runtime.errors import DarkroomError, DataError, ServiceError, brief

TAGS = "ETag", "etag", "Content-MD5", "Last-Modified", "LastModified", "created"  # the best first
BLOCK = 4 << 20  # bytes per request
ABSENT, REFUSED = (404, 410), (401, 403)  # status codes of HTTP


class Version(NamedTuple):
    """What lies at a URL: equal exactly where the bytes are, as far as their server says. `size` is in bytes."""

    url: str
    size: int
    tag: str  # ETag, checksum or time of the last change


def is_url(source: str) -> bool:
    return "://" in source


def name_of(url: str) -> str:
    """Return the file name at the end of a URL, safe to be used here."""
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    return name if names.is_class_name(name) and len(name.encode()) < 200 else "archive"


def look(url: str) -> Version:
    """Ask which version of an object is there.

    Raises DataError (exit 3) where there is none, or a folder, or one without a size or a tag to know its version by;
    EnvironmentFault (exit 5) without the extra that the scheme needs; ServiceError (exit 6) when it cannot be reached.
    """
    with _translated(url):
        info = file_system(url).info(url)
    if info.get("type") == "directory":
        raise DataError("E_ARCHIVE_FOLDER", "a folder, no archive", where=url, fix="pack the images into one archive")
    tag = next((str(info[name]) for name in TAGS if info.get(name)), None)
    if not info.get("size") or tag is None:
        what = "its server says neither size nor version, so no change of it would be noticed"
        fix = "download it (`darkroom fetch URL`) and name the file as dataset.archive"
        raise DataError("E_ARCHIVE_VERSION", what if info.get("size") != 0 else "it is empty", where=url, fix=fix)
    return Version(url, info["size"], tag)


def chunks(version: Version, start: int) -> Iterator[bytes]:
    """Yield the bytes of an object from `start` to its end. Raises as `look` does, also when they end too early."""
    with _translated(version.url), _open(version) as stream:
        stream.seek(start)
        while left := version.size - start:
            chunk = stream.read(min(BLOCK, left))
            if not chunk or len(chunk) > left:
                raise ConnectionError(f"the answer has {len(chunk)} bytes where {min(BLOCK, left)} were asked for")
            start += len(chunk)
            yield chunk


def _open(version: Version) -> SeekableStream:
    return file_system(version.url).open(version.url, "rb", block_size=BLOCK, cache_type="none", size=version.size)


@contextmanager
def _translated(url: str) -> Iterator[None]:
    """Turn the errors of every vendor's library into ours; those of this machine's disk do not arise here."""
    try:
        yield
    except (DarkroomError, GeneratorExit):
        raise
    except Exception as fault:
        raise _error(url, fault) from fault


def _error(url: str, fault: Exception) -> DarkroomError:
    is_web = urlsplit(url).scheme in ("http", "https")
    reason = fault.__cause__ or fault if is_web else fault  # of HTTP, fsspec says FileNotFoundError whatever happened
    status = getattr(reason, "status", None)
    if isinstance(reason, FileNotFoundError) or status in ABSENT:
        return DataError("E_ARCHIVE_MISSING", "no such object", where=url, fix="correct dataset.archive, or upload it")
    if isinstance(reason, PermissionError) or status in REFUSED or "Credential" in type(reason).__name__:
        fix = "set the credentials that its vendor's tools use, such as AWS_ACCESS_KEY_ID; check the name too"
        return ServiceError("E_ACCESS", f"access is refused: {brief(reason)}", where=url, fix=fix)
    what = f"cannot be read: {type(reason).__name__}: {brief(reason)}"
    fix = "check the connection, then run it again: it goes on where it was"
    if isinstance(reason, ValueError):  # a web server that sends no parts of a file
        fix = "download it (`darkroom fetch URL`) and name the file as dataset.archive"
    return ServiceError("E_ARCHIVE_URL", what, where=url, fix=fix)
