"""Labels from a CSV beside the pictures: a row a picture, `path` and `label`, optionally `group` and `split`.

A group is whatever must not be divided: a patient, a scene, a film. Paths are relative to the CSV, or to the only
folder beside it.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from darkroom.data import names
from darkroom.errors import DataError, printable

NEEDED = {"path", "label"}
SHOWN = 3  # offenders a sentence names


class Picture(NamedTuple):
    """A picture as the data set describes it; `split` and `group` are "" where it says nothing."""

    path: str
    label: str
    split: str
    group: str = ""


def is_table(path: Path) -> bool:
    """Whether the file is a CSV whose header has the columns path and label."""
    return path.suffix.casefold() == ".csv" and NEEDED <= set(_read(path)[0])


def read(table: Path, pictures: Sequence[str]) -> list[Picture]:
    """The rows of `table` about `pictures`, paths relative to the folder of the table.

    Raises DataError (exit 3) when a row names no picture, has no label or an unknown split, or contradicts another.
    """
    header, rows = _read(table)
    inside = set(pictures)
    tops = {name.partition("/")[0] for name in pictures if "/" in name}
    prefix = f"{tops.pop()}/" if len(tops) == 1 else ""
    found: dict[str, Picture] = {}
    wrong: dict[str, list[str]] = {}
    for row in rows:
        name = row["path"].strip().replace("\\", "/").removeprefix("./")
        name = name if name in inside else prefix + name
        picture = Picture(name, row["label"].strip(), _split(row), (row.get("group") or "").strip())
        if fault := _fault(picture, row, inside, found):
            wrong.setdefault(fault, []).append(row["path"])
        found[name] = picture
    if wrong:
        raise DataError("E_TABLE", _sentence(wrong, len(rows)), where=table.name, fix="correct these rows")
    return [found[name] for name in sorted(found)]


def _read(table: Path) -> tuple[list[str], list[dict[str, str]]]:
    """The header, in small letters, and the rows. A file that is no CSV at all has no header."""
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            reader.fieldnames = [name.strip().casefold() for name in reader.fieldnames or []]
            return reader.fieldnames, [{key: value or "" for key, value in row.items() if key} for row in reader]
    except (UnicodeDecodeError, csv.Error):
        return [], []


def _split(row: Mapping[str, str]) -> str:
    word = (row.get("split") or "").strip()
    return names.split_of(word) or word


def _fault(picture: Picture, row: Mapping[str, str], inside: set[str], found: Mapping[str, Picture]) -> str:
    if picture.path not in inside:
        return "name no picture"
    if not picture.label:
        return "have no label"
    if picture.split not in ("", *names.SIDES):
        return f"have the unknown split {picture.split!r}"
    if found.get(picture.path, picture) != picture:
        return "contradict an earlier row"
    return ""


def _sentence(wrong: Mapping[str, Sequence[str]], n: int) -> str:
    said = (f"{len(paths)} of {n} rows {what}, such as {', '.join(paths[:SHOWN])}" for what, paths in wrong.items())
    return printable("; ".join(said))
