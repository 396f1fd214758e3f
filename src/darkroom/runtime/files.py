"""Files that are complete or absent: atomic writes, JSON, CSV and digests."""

import csv
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import psutil

from darkroom.runtime import cells, exchange
from darkroom.runtime.errors import ArtifactError

CHUNK = 1 << 20  # bytes read at a time when hashing
ABSENT = FileNotFoundError, NotADirectoryError
PARTIAL = ".partial-"  # in names, before the id of the process that writes
WINDOWS = os.name == "nt"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, 64 hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def fingerprint(*parts: object) -> str:
    """Return 16 hex digits that change when any of the JSON-like `parts` does."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write a file or folder to; it replaces `path` only if the block succeeds.

    Whoever looks finds the old or the new one. The price of other systems than Linux: a moment without any folder.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    partial = path.with_name(f"{path.name}{PARTIAL}{os.getpid()}")
    try:
        yield partial
        _put(partial, path)
    except OSError as fault:
        if not isinstance(fault, ConnectionError):  # that is about a peer and not about a file
            fault.filename = fault.filename or str(path)  # a write to a full disk names no file
        raise
    finally:
        remove(partial)


def is_partial(path: Path) -> bool:
    """Whether this is the name of what `replacing` still writes, or left when it was killed."""
    name, _, pid = path.name.rpartition(PARTIAL)
    return bool(name) and pid.isdigit()


@contextmanager
def durable(path: Path) -> Iterator[Path]:
    """Do as `replacing`, and sync to disk, so that the new content survives a power cut.

    For what cannot be made again, or only at a high cost: the champion, records of decisions, the state of a
    training. The sync takes milliseconds per file, so this is not for folders of thousands of files.
    """
    with replacing(path) as partial:
        yield partial
        for written in [*partial.rglob("*"), partial]:
            _sync(written)
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
    """Return the contents of a folder that `write_files` wrote, by file name."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def write_json(path: Path, value: object) -> None:
    """Write strict JSON, readable in a diff. Raises ValueError on NaN or infinity: they are not JSON."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read strict JSON. Raises ArtifactError (exit 4) when the file is missing or is not strict JSON."""
    if path.exists() and not path.is_file():  # reading a pipe would block
        raise unusable(path, "is not a file")
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except ABSENT as fault:
        raise unusable(path, "is missing") from fault
    except (ValueError, RecursionError) as fault:
        raise unusable(path, "is not JSON") from fault


def read_object(path: Path) -> dict[str, Any]:
    """Read a JSON object. Raises ArtifactError (exit 4) when the file is missing or holds anything else."""
    value = read_json(path)
    if not isinstance(value, dict):
        raise unusable(path, "holds no JSON object")
    return value


def write_rows(path: Path, columns: Iterable[str], rows: Iterable[Mapping]) -> None:
    """Write CSV with a header. Floats read back equal, and a spreadsheet evaluates no text (see `cells`)."""
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        cells.write(file, columns, rows)


def write_verbatim(path: Path, columns: Iterable[str], rows: Iterable[Mapping]) -> None:
    """Write CSV with a header and each text as it is, for readers other than `read_rows`."""
    with replacing(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        cells.write_verbatim(file, list(columns), rows)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return what `write_rows` wrote. Raises ArtifactError (exit 4) when the file is missing or not such a table."""
    return list(each_row(path))


def each_row(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows one by one, for large tables. Raises as `read_rows` does."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:  # spreadsheets save with a byte order mark
            yield from cells.read(file)
    except ABSENT as fault:
        raise unusable(path, "is missing") from fault
    except (ValueError, csv.Error) as fault:
        raise unusable(path, "is not a complete table") from fault


def write_tables(folder: Path, tables: Mapping[str, Sequence[Mapping]]) -> None:
    """Write a folder of CSV files, and nothing else, from names (without .csv) to rows, at least one per file."""
    with replacing(folder) as partial:
        partial.mkdir()
        for name, rows in tables.items():
            write_rows(partial / f"{name}.csv", rows[0], rows)


def read_tables(folder: Path) -> dict[str, list[dict[str, str]]]:
    """Return the rows of each CSV file in `folder` under its name without .csv, in alphabetical order."""
    return {path.stem: read_rows(path) for path in sorted(folder.glob("*.csv"))}


def below(folder: Path) -> Iterator[Path]:
    """Yield every file below `folder` in no order, without holding all of them in memory as `rglob` does."""
    for parent, _, names in os.walk(folder):
        yield from (path for name in names if (path := Path(parent, name)).is_file())


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _put(partial: Path, path: Path) -> None:
    """Give `partial` the name `path`; what had that name may take the other."""
    if partial.is_dir() and os.path.lexists(path):  # a rename cannot replace a non-empty folder or a link
        if exchange.exchange(partial, path):
            return
        remove(path)
    os.replace(partial, path)


def _sync(path: Path) -> None:
    """Wait until `path` is on the disk, if the file system supports that; Windows does not for folders."""
    if WINDOWS and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if WINDOWS else os.O_RDONLY)  # Windows syncs none that it only reads
    try:
        os.fsync(descriptor)
    except OSError as fault:
        if fault.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def unusable(path: Path, reason: str, fix: str = "run `dvc repro`, or `dvc repro -f STAGE`") -> ArtifactError:
    """Return the error for a file or folder that is missing or damaged."""
    return ArtifactError("E_ARTIFACT", f"{path.name} {reason}", where=path, fix=fix)


def _sweep(path: Path) -> None:
    """Remove the partial files that killed processes left beside `path`."""
    for stale in path.parent.glob(f"{path.name}{PARTIAL}*"):
        if is_partial(stale) and not _alive(int(stale.name.rpartition(PARTIAL)[2])):
            remove(stale)


def _alive(pid: int) -> bool:
    """Return whether the process can still write; a zombie cannot."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def remove(path: Path) -> None:
    """Remove a file, a link or a folder, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
