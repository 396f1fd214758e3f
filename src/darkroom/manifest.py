"""The manifest: one row per image, with its label, its split and its facts. `validate` writes it, later stages read it.

Rows are plain dicts, made of a `table`, and the file is read with `csv`, not pandas: a class may be called nan, no or
007.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypedDict, cast

from darkroom.runtime import files
from darkroom.runtime.errors import ArtifactError
from darkroom.table.rows import Rows


class ManifestRow(TypedDict):
    """One image. The columns of the file are these keys, in this order."""

    path: str  # relative to data/images
    label: str
    given: str  # the split that the archive gave: train, val or test; "" for none
    split: str  # train, val or test; "" for a bad image
    group: str  # images of one group stay in one split: a patient, a scene; "" for none
    cluster: str  # images of one cluster stay in one split, see `dataset.clusters`
    sha256: str  # of the file
    pixels: str  # SHA-256 of size and decoded RGB, see `decode.inspect`: equal for images that look equal
    width: int  # pixels
    height: int
    mode: str  # Pillow's
    format: str
    bytes: int
    brightness: float  # this and what follows: see `dataset.image_stats`
    contrast: float
    colour: float
    sharpness: float
    border_red: float
    border_green: float
    border_blue: float
    border_spread: float
    note: str  # what its user should know, mostly ""
    bad: str  # why it cannot be used, "" for a good image
    dropped: str  # why it is left out, "" for an image that is used


COLUMNS: tuple[str, ...] = tuple(ManifestRow.__annotations__)
GIVEN = ("path", "label", "split", "group")  # the columns of a table of labels, which a data set may come with
_TYPES = ManifestRow.__annotations__


def write(path: Path, rows: Iterable[ManifestRow]) -> None:
    files.write_rows(path, COLUMNS, rows)


def read(path: Path, columns: Sequence[str] = COLUMNS) -> Rows[ManifestRow]:
    """Read the rows that `write` wrote, or only some `columns` of them, which saves memory.

    Raises ArtifactError (exit 4) when the file is missing or not a manifest.
    """
    try:
        rows = ({name: _value(name, row[name]) for name in columns} for row in files.each_row(path))
        return Rows.gather(cast(Iterable[ManifestRow], rows))
    except (KeyError, TypeError, ValueError) as fault:
        raise ArtifactError("E_ARTIFACT", "not a manifest", where=path, fix="run `dvc repro -f validate`") from fault


def _value(name: str, text: str) -> int | float | str:
    return _TYPES[name](text)


def is_used(row: ManifestRow) -> bool:
    """Whether the image is neither bad nor dropped."""
    return not row["bad"] and not row["dropped"]


def used(rows: Iterable[ManifestRow]) -> Rows[ManifestRow]:
    """The rows of images that are neither bad nor dropped."""
    table = Rows.gather(rows)
    reasons = zip(table.column("bad"), table.column("dropped"), strict=True)
    return table.where(not (bad or dropped) for bad, dropped in reasons)


def classes(rows: Iterable[Mapping]) -> tuple[str, ...]:
    """Class names by code point: the same order on every machine. The position of a name is the number of the class."""
    labels = rows.column("label") if isinstance(rows, Rows) else (row["label"] for row in rows)
    return tuple(sorted(set(labels)))
