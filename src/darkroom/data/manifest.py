"""The list of all pictures: a row each, with its label, its side and its facts.

Rows are plain dicts and the file is read with `csv`, not pandas: a class may be called nan, no or 007.
"""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from darkroom import engine, files
from darkroom.data import bounds, decode, headers, magic, measures, near, scan, split, store
from darkroom.data.layout import Layout
from darkroom.data.near import Pair
from darkroom.data.rows import Recipe
from darkroom.data.store import Store
from darkroom.errors import ArtifactError
from darkroom.params import Validate

GIVEN = ("path", "label", "split", "group")
INTEGERS = ("width", "height", "bytes")
FLOATS = ("brightness", "contrast", "colour", "sharpness")
COLUMNS = (
    *GIVEN, "cluster", "sha256", "pixels", "width", "height", "mode", "format", "bytes", "hash", *FLOATS, "note", "bad",
)  # fmt: skip
TYPES = {**dict.fromkeys(INTEGERS, int), **dict.fromkeys(FLOATS, float)}


class Listing(NamedTuple):
    rows: list[dict]  # keys: COLUMNS
    twins: list[Pair]  # near duplicates among them


def build(
    images: Path, layout: Layout, how: Validate, *, seed: int, cache: Path, packed: Recipe | None = None
) -> Listing:
    """A row for each picture of the layout, sorted by path, bad ones included, and the near duplicates.

    Pictures that `cache` knows by their bytes are not looked at again; of the others, `packed` keeps the rows.
    """
    pictures = sorted(layout.pictures)
    log = store.log(cache, (decode, headers, magic, measures, scan), how.max_pixels)
    known = _facts([picture.path for picture in pictures], images, how, log, packed)
    rows = [{**facts, **given._asdict()} for facts, given in zip(known, pictures, strict=True)]
    with Store(log) as kept:
        twins = near.find(rows, images, how, kept)
    rows = [{**row, "cluster": cluster} for row, cluster in zip(rows, near.clusters(rows, twins), strict=True)]
    return Listing(split.assign(rows, how, seed=seed), twins)


def _facts(names: Sequence[str], images: Path, how: Validate, log: Path, packed: Recipe | None) -> list[dict]:
    """The facts of each file, in order, without its name."""
    with Store(log) as kept:
        digests = list(engine.map(partial(scan.digest, images=images), names, title="reading")) if len(kept) else []
        look = partial(scan.record, images=images, max_pixels=how.max_pixels, to=kept.to, packed=packed)
        limits = bounds.of(how.max_pixels, how.max_seconds)
        lost = partial(scan.lost, images=images, limits=limits)
        keys = digests or [""] * len(names)
        found = store.each(kept, keys, names, look, title="looking at pictures", lost=lost, limits=limits)
        return [scan.facts(one, how.min_side) for one in found]


def write(path: Path, rows: Sequence[dict]) -> None:
    files.write_rows(path, COLUMNS, rows)


def read(path: Path, columns: Sequence[str] = COLUMNS) -> list[dict]:
    """The rows as `build` made them, or only some `columns` of them, which saves memory.

    Raises ArtifactError (exit 4) when the file is missing or not a manifest.
    """
    try:
        return [{name: _value(name, row[name]) for name in columns} for row in files.each_row(path)]
    except (KeyError, TypeError, ValueError) as fault:
        raise ArtifactError("E_ARTIFACT", "not a manifest", where=path, fix="run `dvc repro -f validate`") from fault


def _value(name: str, text: str) -> int | float | str:
    return TYPES[name](text) if name in TYPES else sys.intern(text)  # one "cats" for all cats


def good(rows: Sequence[dict]) -> list[dict]:
    """The rows of pictures that can be used."""
    return [row for row in rows if not row["bad"]]


def classes(rows: Sequence[dict]) -> tuple[str, ...]:
    """Class names by code point: the same order on every machine. The place of a name is its number."""
    return tuple(sorted({row["label"] for row in rows}))
