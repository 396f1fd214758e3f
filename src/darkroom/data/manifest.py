"""The list of all pictures: a row each, with its label, its side and its facts.

Rows are plain dicts and the file is read with `csv`, not pandas: a class may be called nan, no or 007.
"""

import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from darkroom import engine, files
from darkroom.data import decode, magic, measures, near, scan, split
from darkroom.data.layout import Layout
from darkroom.data.near import Pair
from darkroom.data.store import Store, log
from darkroom.errors import ArtifactError
from darkroom.params import Validate

GIVEN = ("path", "label", "split", "group")
INTEGERS = ("width", "height", "bytes")
FLOATS = ("brightness", "contrast", "colour", "sharpness")
COLUMNS = (
    *GIVEN, "cluster", "sha256", "pixels", "width", "height", "mode", "format", "bytes", "hash", *FLOATS, "bad",
)  # fmt: skip
TYPES = {**dict.fromkeys(INTEGERS, int), **dict.fromkeys(FLOATS, float)}


class Listing(NamedTuple):
    rows: list[dict]  # keys: COLUMNS
    twins: list[Pair]  # near duplicates among them


def build(images: Path, layout: Layout, how: Validate, *, seed: int, cache: Path) -> Listing:
    """A row for each picture of the layout, sorted by path, bad ones included, and the near duplicates.

    Facts of pictures that `cache` knows by their bytes are not looked for again.
    """
    pictures = sorted(layout.pictures)
    known = _facts([picture.path for picture in pictures], images, how, cache)
    rows = [{**facts, **given._asdict()} for facts, given in zip(known, pictures, strict=True)]
    twins = near.find(rows, images, how)
    rows = [{**row, "cluster": cluster} for row, cluster in zip(rows, near.clusters(rows, twins), strict=True)]
    return Listing(split.assign(rows, how, seed=seed), twins)


def _facts(names: Sequence[str], images: Path, how: Validate, cache: Path) -> list[dict]:
    """The facts of each file, in order, without its name."""
    look = partial(scan.facts, images=images, how=how)
    crashed = partial(scan.crashed, images=images)
    with Store(log(cache, (decode, magic, measures, scan), how.min_side, how.max_pixels)) as store:
        digests = list(engine.map(partial(scan.digest, images=images), names, title="reading")) if len(store) else []
        values = [store.get(digest) for digest in digests] or [None] * len(names)
        missing = [name for name, value in zip(names, values, strict=True) if value is None]
        fresh = iter(engine.map(look, missing, title="looking at pictures", lost=crashed))
        found = []
        for value in values:
            facts = json.loads(value) if value else next(fresh)
            found.append(facts)
            if not value and facts["bad"] != scan.CRASHED:  # the memory may have run out just then
                store.add(facts["sha256"], json.dumps(facts).encode())
    return found


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
