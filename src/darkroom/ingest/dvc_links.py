"""Tell DVC's own links from those of strangers.

With `cache.type` symlink, what `dvc add` leaves in the place of a file is a link into DVC's cache: the user's own file.
Where the cache is, DVC's configuration says; reading it costs nothing, importing DVC a second.
"""

import os
from collections.abc import Iterator
from configparser import ConfigParser, Error
from pathlib import Path

import platformdirs


def caches(place: Path) -> list[Path]:
    """The folders in which DVC may keep what lies at `place`, links resolved: none outside a repository of DVC."""
    home = next((parent / ".dvc" for parent in place.absolute().parents if (parent / ".dvc").is_dir()), None)
    if home is None:
        return []
    configured = [configured for config in _configs(home) if (configured := _configured(config))]
    return [Path(os.path.realpath(cache)) for cache in (home / "cache", *configured)]


def is_own(link: Path, caches: list[Path]) -> bool:
    """Whether `link` leads to a file, not a folder, in one of the caches."""
    target = Path(os.path.realpath(link))
    return target.is_file() and any(target.is_relative_to(cache) for cache in caches)


def _configs(home: Path) -> Iterator[Path]:
    """Where DVC looks for its configuration."""
    yield Path(os.getenv("DVC_SYSTEM_CONFIG_DIR") or platformdirs.site_config_dir("dvc", "iterative"), "config")
    yield Path(os.getenv("DVC_GLOBAL_CONFIG_DIR") or platformdirs.user_config_dir("dvc", "iterative"), "config")
    yield from (home / "config", home / "config.local")


def _configured(config: Path) -> Path | None:
    """The folder of the cache that the file sets, which it may give relative to itself."""
    parser = ConfigParser(interpolation=None, strict=False)
    try:
        parser.read(config, encoding="utf-8")
    except (Error, UnicodeDecodeError):  # DVC itself will say so
        return None
    folder = parser.get("cache", "dir", fallback="").strip().strip("\"'")
    return config.parent / folder if folder else None
