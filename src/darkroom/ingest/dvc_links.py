"""Distinguish links that DVC made from those of strangers.

With `cache.type symlink`, `dvc add` replaces a file by a link into DVC's cache: the user's own file. The location of
the cache is in DVC's configuration, which is read here directly because importing DVC takes a second.
"""

import os
from collections.abc import Iterator
from configparser import ConfigParser, Error
from pathlib import Path

import platformdirs


def caches(path: Path) -> list[Path]:
    """Return the cache folders that DVC may use for `path`, links resolved; none outside a DVC repository."""
    home = next((parent / ".dvc" for parent in path.absolute().parents if (parent / ".dvc").is_dir()), None)
    if home is None:
        return []
    configured = [configured for config in _configs(home) if (configured := _configured(config))]
    return [Path(os.path.realpath(cache)) for cache in (home / "cache", *configured)]


def is_own(link: Path, caches: list[Path]) -> bool:
    """Return whether `link` leads to a file, not a folder, in one of the caches."""
    target = Path(os.path.realpath(link))
    return target.is_file() and any(target.is_relative_to(cache) for cache in caches)


def _configs(home: Path) -> Iterator[Path]:
    """Yield the files in which DVC looks for its configuration."""
    yield Path(os.getenv("DVC_SYSTEM_CONFIG_DIR") or platformdirs.site_config_dir("dvc", "iterative"), "config")
    yield Path(os.getenv("DVC_GLOBAL_CONFIG_DIR") or platformdirs.user_config_dir("dvc", "iterative"), "config")
    yield from (home / "config", home / "config.local")


def _configured(config: Path) -> Path | None:
    """Return the cache folder that the file sets, absolute or relative to the file."""
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(config, encoding="utf-8")
    except (Error, UnicodeDecodeError):  # DVC itself reports it
        return None
    folder = parser.get("cache", "dir", fallback="").strip().strip("\"'")
    return config.parent / folder if folder else None
