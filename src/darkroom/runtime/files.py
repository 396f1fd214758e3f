"""Files that are whole or absent: atomic writes, digests, and folders that can prove their contents."""

import csv
import errno
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import psutil

from darkroom.runtime import cells
from darkroom.runtime.errors import ArtifactError

CHUNK = 1 << 20  # bytes read at a time when hashing
INVENTORY = "MANIFEST.json"
ABSENT = FileNotFoundError, NotADirectoryError


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, 64 hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def fingerprint(*parts: object) -> str:
    """16 hex digits that change when any of the JSON-like `parts` does."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A sibling of `path` to write a file or folder to; it takes `path`'s place only when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    partial = path.with_name(f"{path.name}.partial-{os.getpid()}")
    try:
        yield partial
        if partial.is_dir():
            _remove(path)  # a rename cannot replace a folder that is not empty, nor a link
        os.replace(partial, path)
    except OSError as fault:
        if not isinstance(fault, ConnectionError):  # which is about no file, but about somebody who went away
            fault.filename = fault.filename or str(path)  # a write to a full disk does not say where
        raise
    finally:
        _remove(partial)


@contextmanager
def durable(path: Path) -> Iterator[Path]:
    """As `replacing`, and once the block is left not even a power cut takes the new content back.

    For what cannot be made again, or only dearly: the champion, records of decisions, the state of a training. It
    waits for the disk once a file, milliseconds each, so it is not for folders of thousands.
    """
    with replacing(path) as partial:
        yield partial
        for place in [*partial.rglob("*"), partial]:
            _sync(place)
    _sync(path.parent)


def write_text(path: Path, text: str) -> None:
    with durable(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_files(folder: Path, contents: Mapping[str, str | bytes]) -> None:
    """A folder of these files and no others: name to contents."""
    with replacing(folder) as partial:
        partial.mkdir(parents=True)
        for name, value in contents.items():
            (partial / name).write_bytes(value.encode() if isinstance(value, str) else value)


def read_files(folder: Path) -> dict[str, bytes]:
    """What `write_files` wrote."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def write_json(path: Path, value: object) -> None:
    """Strict JSON, readable in a diff. Raises ValueError on NaN or infinity: they are not JSON."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Raises ArtifactError (exit 4) when the file is missing or is no strict JSON."""
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise _unusable(path, "is not a file")
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except ABSENT as fault:
        raise _unusable(path, "is missing") from fault
    except (ValueError, RecursionError) as fault:
        raise _unusable(path, "is not JSON") from fault


def read_object(path: Path) -> dict[str, Any]:
    """Raises ArtifactError (exit 4) when the file is missing or holds anything but a JSON object."""
    value = read_json(path)
    if not isinstance(value, dict):
        raise _unusable(path, "holds no JSON object")
    return value


def write_rows(path: Path, columns: Iterable[str], rows: Iterable[Mapping]) -> None:
    """CSV with a header. Numbers read back as the same float, and a spreadsheet runs no text (`cells`)."""
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        cells.write(file, columns, rows)


def write_verbatim(path: Path, columns: Iterable[str], rows: Iterable[Mapping]) -> None:
    """CSV with a header and each text as it is, for readers other than `read_rows`."""
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        cells.write_verbatim(file, list(columns), rows)


def read_rows(path: Path) -> list[dict[str, str]]:
    """What `write_rows` wrote. Raises ArtifactError (exit 4) when the file is missing or is no such table."""
    return list(each_row(path))


def each_row(path: Path) -> Iterator[dict[str, str]]:
    """The rows one by one, for whoever needs a part of each. Raises as `read_rows` does."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # spreadsheets save with a byte order mark
            yield from cells.read(file)
    except ABSENT as fault:
        raise _unusable(path, "is missing") from fault
    except (ValueError, csv.Error) as fault:
        raise _unusable(path, "is not a whole table") from fault


def write_tables(folder: Path, tables: Mapping[str, Sequence[Mapping]]) -> None:
    """A folder of CSV files and nothing else: name (without .csv) to rows, of which there must be one at least."""
    with replacing(folder) as partial:
        partial.mkdir()
        for name, rows in tables.items():
            write_rows(partial / f"{name}.csv", rows[0], rows)


def read_tables(folder: Path) -> dict[str, list[dict[str, str]]]:
    """The rows of each CSV file in `folder`, by its name without .csv, in alphabetical order."""
    return {path.stem: read_rows(path) for path in sorted(folder.glob("*.csv"))}


def below(folder: Path) -> Iterator[Path]:
    """Every file in `folder` and its folders, one at a time and in no order: `rglob` would hold them all."""
    for home, _, names in os.walk(folder):
        yield from (path for name in names if (path := Path(home, name)).is_file())


def seal(folder: Path) -> None:
    """Write the inventory of `folder`: every file with its size in bytes and its SHA-256."""
    (folder / INVENTORY).unlink(missing_ok=True)
    names = sorted(p.relative_to(folder).as_posix() for p in below(folder))
    entries = {name: {"bytes": (folder / name).stat().st_size, "sha256": sha256(folder / name)} for name in names}
    write_json(folder / INVENTORY, entries)


def verify(folder: Path) -> None:
    """Check `folder` against its inventory. DVC checks out a damaged cache object without a word; this notices.

    A link to a file counts as that file: DVC makes links into its cache where it is told to. Raises ArtifactError
    (exit 4) naming the first file that is missing, differs, or is not in the inventory.
    """
    entries = read_object(folder / INVENTORY)
    if not entries:
        raise _unusable(folder / INVENTORY, "lists nothing")
    found = _names(folder) - {INVENTORY}
    for name in sorted(entries.keys() - found):  # one that leads out of the folder is among them, and never opened
        raise _unusable(folder / name, "is missing")
    for name in sorted(found - entries.keys()):
        raise _unusable(folder / name, "does not belong to this folder", fix="remove it, or run `dvc repro`")
    for name, entry in entries.items():
        _compare(folder / name, entry)


def set_aside(folder: Path, *, but: Collection[str], to: Path) -> None:
    """Move every sealed folder in `folder` whose name is not in `but` to the folder `to`; what lies there makes way."""
    for sealed in folder.glob(f"*/{INVENTORY}"):
        if sealed.parent.name not in but:
            to.mkdir(parents=True, exist_ok=True)
            _remove(to / sealed.parent.name)
            shutil.move(sealed.parent, to / sealed.parent.name)


def digest_of(folder: Path) -> str:
    """One SHA-256 for a sealed folder: that of its inventory."""
    return sha256(folder / INVENTORY)


def _names(folder: Path) -> set[str]:
    """What is in `folder` and its folders: files, and links of any kind, by their paths in it."""
    found = set()
    for home, folders, names in os.walk(folder):
        paths = [Path(home, name) for name in names] + [p for name in folders if (p := Path(home, name)).is_symlink()]
        found |= {path.relative_to(folder).as_posix() for path in paths}
    return found


def _compare(path: Path, entry: object) -> None:
    """Raises ArtifactError unless `path` is the file that the inventory's `entry` says."""
    if not path.is_file():
        raise _unusable(path, "is not a file")
    known = entry if isinstance(entry, dict) else {}
    if path.stat().st_size != known.get("bytes"):  # before anything endless is read
        raise _unusable(path, "is damaged (its size is not the one recorded)")
    if sha256(path) != known.get("sha256"):
        raise _unusable(path, "is damaged (its SHA-256 is not the one recorded)")


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _sync(path: Path) -> None:
    """Wait until the disk has it; some file systems cannot be asked to."""
    place = os.open(path, os.O_RDONLY)
    try:
        os.fsync(place)
    except OSError as fault:
        if fault.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(place)


def _unusable(path: Path, why: str, fix: str = "run `dvc repro`, or `dvc repro -f STAGE`") -> ArtifactError:
    return ArtifactError("E_ARTIFACT", f"{path.name} {why}", where=path, fix=fix)


def _sweep(path: Path) -> None:
    """Remove what a killed process left beside `path`."""
    for stale in path.parent.glob(f"{path.name}.partial-*"):
        pid = stale.name.rpartition("-")[2]
        if pid.isdigit() and not _alive(int(pid)):
            _remove(stale)


def _alive(pid: int) -> bool:
    """Whether the process can still write; a killed one that nobody has waited for only keeps its number."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold `path` as a lock between processes of this machine; waits for whoever holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
