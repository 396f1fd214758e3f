"""File systems behind URLs: fsspec reads S3, Google Cloud Storage and HTTP alike.

Credentials are those that the vendors' own tools find.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from darkroom.runtime.errors import DarkroomError, EnvironmentFault, ServiceError, brief

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

EXTRAS = {"s3": "s3", "gs": "gs"}  # the extras of pyproject.toml that schemes need
CONNECT, READ = 8, 60  # seconds
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}  # a disk; a write that fails so names no file


def file_system(url: str) -> AbstractFileSystem:
    """Open what lies behind a URL. Raises EnvironmentFault (exit 5) without the extra that the scheme needs."""
    import fsspec  # with aiohttp and a vendor's library it takes a second

    scheme = urlsplit(url).scheme
    try:
        return fsspec.filesystem(scheme, skip_instance_cache=True, use_listings_cache=False, **_options(scheme))
    except ImportError as fault:
        extra = EXTRAS.get(scheme)
        fix = f"pip install 'darkroom[{extra}]', here `make setup EXTRAS={extra}`" if extra else "run `make setup`"
        what = f"{scheme}:// needs a library that is not installed: {brief(fault)}"
        raise EnvironmentFault("E_EXTRA", what, where=url, fix=fix) from fault


@contextmanager
def translated(url: str, *, but: type[Exception] | tuple[()] = ()) -> Iterator[None]:
    """Raise ServiceError (exit 6) for what the library of the bucket behind `url` raises in the block.

    Every vendor's library has its own errors. Those of the kind `but` pass as they are, and so do those about a file of
    this machine that the library reads or writes.
    """
    try:
        yield
    except DarkroomError:
        raise
    except Exception as fault:
        if isinstance(fault, but) or _is_local(fault):
            raise
        what = f"the bucket cannot be used: {type(fault).__name__}: {brief(fault)}"
        fix = "check engine.images and engine.shared, and what the credentials of the head and of the nodes may do"
        raise ServiceError("E_BUCKET", what, where=url, fix=fix) from fault


def _is_local(fault: Exception) -> bool:
    """Whether it is about a file: the system names that, and no library names an object so."""
    return isinstance(fault, OSError) and (fault.filename is not None or fault.errno in FULL)


def _options(scheme: str) -> dict[str, Any]:
    """Return the limits of time, in the words of each library; that of Google sets its own."""
    if scheme == "s3":
        return {"config_kwargs": {"connect_timeout": CONNECT, "read_timeout": READ, "retries": {"max_attempts": 3}}}
    if scheme not in ("http", "https"):
        return {}
    from aiohttp import ClientTimeout

    timeout = ClientTimeout(total=None, sock_connect=CONNECT, sock_read=READ)
    return {"client_kwargs": {"timeout": timeout, "trust_env": True, "auto_decompress": False}}  # proxies; no bombs
