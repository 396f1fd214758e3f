"""Put a built site beside those of other versions: python -m tools.site_versions SITE PAGES VERSION.

PAGES gets a folder for each version: `dev`, and `0.2` for the tags v0.2.0, v0.2.1 and so on. `latest` is a copy of the
newest release. The site's selector reads `versions.json`, whose format is that of mike
(https://github.com/jimporter/mike), and `index.html` leads to `latest`, or to `dev` while there is no release.
"""

import json
import re
import shutil
import sys
from pathlib import Path

DEV, LATEST = "dev", "latest"
TAG = re.compile(r"v(\d+)\.(\d+)(\.\d+)?")
FOLDER = re.compile(r"(\d+)\.(\d+)")
REDIRECT = (
    '<!doctype html><meta charset="utf-8"><title>darkroom</title><meta http-equiv="refresh" content="0; url={}/">\n'
)


def main(site: Path, pages: Path, version: str) -> None:
    name = folder_name(version)
    _replace(site, pages / name)
    releases = _releases(pages)
    if name in releases[:1]:
        _replace(site, pages / LATEST)
    (pages / "versions.json").write_text(json.dumps(_listed(pages, releases), indent=1) + "\n")
    (pages / "index.html").write_text(REDIRECT.format(LATEST if releases else DEV))
    (pages / ".nojekyll").touch()  # else GitHub leaves out what begins with an underscore


def folder_name(version: str) -> str:
    """Return the folder of a tag, or `dev`. Raises ValueError for anything else: it becomes a path."""
    if version == DEV:
        return DEV
    if not (match := TAG.fullmatch(version)):
        raise ValueError(f"expected {DEV} or a tag such as v0.2.0, got {version!r}")
    return f"{match[1]}.{match[2]}"


def _replace(site: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(site, folder)


def _releases(pages: Path) -> list[str]:
    """The folders of releases, the newest first."""
    found = [match for path in pages.iterdir() if (match := FOLDER.fullmatch(path.name))]
    return [match[0] for match in sorted(found, key=lambda match: (int(match[1]), int(match[2])), reverse=True)]


def _listed(pages: Path, releases: list[str]) -> list[dict]:
    names = [*releases, *([DEV] if (pages / DEV).exists() else [])]
    return [{"version": name, "title": name, "aliases": [LATEST] if name in releases[:1] else []} for name in names]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
