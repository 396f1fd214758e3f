"""The list of all pictures: a row each, with its label, its side and its facts.

Rows are plain dicts and the file is read with `csv`, not pandas: a class may be called nan, no or 007.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from darkroom import engine, files
from darkroom.data import scan, split
from darkroom.data.layout import Layout
from darkroom.errors import ArtifactError
from darkroom.params import Validate

NUMBERS = ("width", "height", "bytes")
COLUMNS = ("path", "label", "split", "sha256", "pixels", "width", "height", "mode", "format", "bytes", "bad")


def build(images: Path, layout: Layout, how: Validate, *, seed: int) -> list[dict]:
    """A row for each picture of the layout, sorted by path, bad ones included. Columns: COLUMNS."""
    pictures = sorted(layout.pictures)
    look = partial(scan.facts, images=images, how=how)
    known = engine.map(look, [path for path, _, _ in pictures], title="looking at pictures")
    rows = [{**facts, "label": label, "split": side} for facts, (_, label, side) in zip(known, pictures, strict=True)]
    return split.assign(rows, how, seed=seed)


def write(path: Path, rows: Sequence[dict]) -> None:
    files.write_rows(path, COLUMNS, rows)


def read(path: Path) -> list[dict]:
    """The rows as `build` made them. Raises ArtifactError (exit 4) when the file is missing or not a manifest."""
    rows = files.read_rows(path)
    try:
        return [{**row, **{column: int(row[column]) for column in NUMBERS}} for row in rows]
    except (KeyError, TypeError, ValueError) as fault:
        raise ArtifactError("E_ARTIFACT", "not a manifest", where=path, fix="run `dvc repro -f validate`") from fault


def good(rows: Sequence[dict]) -> list[dict]:
    """The rows of pictures that can be used."""
    return [row for row in rows if not row["bad"]]


def classes(rows: Sequence[dict]) -> tuple[str, ...]:
    """Class names by code point: the same order on every machine. The place of a name is its number."""
    return tuple(sorted({row["label"] for row in rows}))
