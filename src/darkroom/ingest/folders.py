"""List the files in a folder as the members of an archive are listed."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from darkroom.formats import names
from darkroom.ingest import dvc_links, inspection
from darkroom.ingest.members import Kind, Member, Members
from darkroom.ingest.streams import Stream


def members(folder: Path) -> Members:
    """List all files and folders in `folder`, and what else lies there, each folder before what it holds.

    Not what lies too deep to be unpacked: one member that is too deep refuses the folder, or is junk.
    """
    opener, caches = partial(_open, folder), dvc_links.caches(folder)
    return Members((_member(folder, path, caches, opener) for path in _below(folder)), opener)


def single(path: Path) -> Members:
    """List one file; a link counts as the file that it leads to."""
    name, guessed = names.decoded(os.fsencode(path.name))
    size = path.stat().st_size
    opener = partial(_open, path.parent)
    return Members([Member(name, "file", size, size, None, opener, guessed=guessed)], opener)


def _member(folder: Path, path: Path, caches: list[Path], opener: Callable[[Member], Stream]) -> Member:
    """Return the file at `path` in `folder`. A link counts as its file where it leads into a DVC cache."""
    name, guessed = names.decoded(os.fsencode(path.relative_to(folder).as_posix()))
    is_link = path.is_symlink() and not dvc_links.is_own(path, caches)
    kind: Kind = "link" if is_link else "folder" if path.is_dir() else "file" if path.is_file() else "special"
    size = path.lstat().st_size if is_link else path.stat().st_size
    return Member(name, kind, size, size, None, opener, guessed=guessed)


def _open(folder: Path, member: Member) -> Stream:
    raw = member.raw.encode("cp437" if member.guessed else "utf-8")  # as `names.decoded` found it
    return (folder / os.fsdecode(raw)).open("rb")


def _below(folder: Path, deepest: int = inspection.DEPTH + 1) -> Iterator[Path]:
    """Yield all files and folders in `folder`, and in folders in it down to the `deepest`, sorted.

    `rglob` would silently skip a folder that cannot be read. The names in one folder, and in those above it, are held
    at a time.
    """
    for name in sorted(os.listdir(folder)):
        yield (path := folder / name)
        if deepest and path.is_dir() and not path.is_symlink():
            yield from _below(path, deepest - 1)
