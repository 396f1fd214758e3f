"""Files that are whole or absent: atomic writes, digests, and folders that can prove their contents."""

import csv
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from darkroom.errors import ArtifactError

CHUNK = 1 << 20  # bytes read at a time when hashing
INVENTORY = "MANIFEST.json"


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
    finally:
        _remove(partial)


def write_text(path: Path, text: str) -> None:
    with replacing(path) as partial:
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


def read_json(path: Path) -> dict:
    """Raises ArtifactError (exit 4) when the file is missing or is no JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError) as fault:
        raise _unusable(path, "is missing" if isinstance(fault, OSError) else "is not JSON") from fault


def write_rows(path: Path, columns: Iterable[str], rows: Iterable[Mapping]) -> None:
    """CSV with a header. Numbers are written so that they read back as the same float."""
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Raises ArtifactError (exit 4) when the file is missing."""
    return list(each_row(path))


def each_row(path: Path) -> Iterator[dict[str, str]]:
    """The rows one by one, for whoever needs a part of each. Raises as `read_rows` does."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)
    except FileNotFoundError as fault:
        raise _unusable(path, "is missing") from fault


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

    Raises ArtifactError (exit 4) naming the first file that is missing or differs.
    """
    for name, entry in read_json(folder / INVENTORY).items():
        path = folder / name
        if not path.is_file():
            raise _unusable(path, "is missing")
        if sha256(path) != entry["sha256"]:
            raise _unusable(path, "is damaged (its SHA-256 is not the one recorded)")


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


def _unusable(path: Path, why: str) -> ArtifactError:
    return ArtifactError("E_ARTIFACT", f"{path.name} {why}", where=path, fix="run `dvc repro`, or `dvc repro -f STAGE`")


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
