"""File systems behind URLs: fsspec reads S3, Google Cloud Storage and HTTP alike.

Credentials are those that the vendors' own tools find.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from darkroom.runtime.errors import EnvironmentFault, brief

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

EXTRAS = {"s3": "s3", "gs": "gs"}  # the extras of pyproject.toml that schemes need
CONNECT, READ = 8, 60  # seconds


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


def _options(scheme: str) -> dict[str, Any]:
    """Return the limits of time, in the words of each library; that of Google sets its own."""
    if scheme == "s3":
        return {"config_kwargs": {"connect_timeout": CONNECT, "read_timeout": READ, "retries": {"max_attempts": 3}}}
    if scheme not in ("http", "https"):
        return {}
    from aiohttp import ClientTimeout

    timeout = ClientTimeout(total=None, sock_connect=CONNECT, sock_read=READ)
    return {"client_kwargs": {"timeout": timeout, "trust_env": True, "auto_decompress": False}}  # proxies; no bombs
