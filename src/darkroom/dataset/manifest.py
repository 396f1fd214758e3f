"""The list of all images: a row each, with its label, its side and its facts.

Rows are plain dicts and the file is read with `csv`, not pandas: a class may be called nan, no or 007.
"""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from darkroom import sniff
from darkroom.dataset import file_cache, image_stats, near_duplicates, overlaps, scan, split
from darkroom.dataset.file_cache import Store
from darkroom.dataset.layout import Layout
from darkroom.dataset.near_duplicates import Pair
from darkroom.dataset.rows import Recipe
from darkroom.decoding import bounds, decode, headers
from darkroom.params import Validate
from darkroom.runtime import files
from darkroom.runtime.errors import ArtifactError
from darkroom.workers import parallel

GIVEN = ("path", "label", "split", "group")
INTEGERS = ("width", "height", "bytes")
FLOATS = ("brightness", "contrast", "colour", "sharpness", *image_stats.BORDER)
COLUMNS = (
    *GIVEN, "cluster", "sha256", "pixels", "width", "height", "mode", "format", "bytes", "hash", *FLOATS,
    "note", "bad", "dropped",
)  # fmt: skip
TYPES = {**dict.fromkeys(INTEGERS, int), **dict.fromkeys(FLOATS, float)}


class Listing(NamedTuple):
    rows: list[dict]  # keys: COLUMNS
    twins: list[Pair]  # near duplicates among them
    given: frozenset[str]  # the sides of the archive's own split, as far as it is respected
    filled: list[dict]  # as `split.Assigned` has them
    overlaps: list[dict]  # as `overlaps.listed` has them: what is dropped, or should be
    again: bool  # whether the archive's own split was ignored


def build(
    images: Path, layout: Layout, config: Validate, *, seed: int, cache: Path, packed: Recipe | None = None
) -> Listing:
    """A row for each image of the layout, sorted by path, bad ones included, and what was found out about them all.

    Images that `cache` knows by their bytes are not looked at again; of the others, `packed` keeps the rows.
    """
    given = sorted(layout.images)
    log = file_cache.log(cache, (decode, headers, sniff, image_stats, scan), config.max_pixels)
    known = _facts([image.path for image in given], images, config, log, packed)
    rows = [{**facts, **image._asdict(), "dropped": ""} for facts, image in zip(known, given, strict=True)]
    conflicts = overlaps.conflicts(rows)
    rows = overlaps.without(rows, conflicts if config.conflicts == "drop" else ())
    with Store(log) as kept:
        twins = near_duplicates.find(rows, images, config, kept)
    rows = [
        {**row, "cluster": cluster} for row, cluster in zip(rows, near_duplicates.clusters(rows, twins), strict=True)
    ]
    leaks = overlaps.leaks(rows)
    rows = overlaps.without(rows, leaks if config.leaks == "drop_from_train" else ())
    again = bool(leaks) and config.leaks == "split_again"
    assigned = split.assign(split.forgotten(rows) if again else rows, config, seed=seed)
    given = frozenset() if again else split.given(rows)
    listed = overlaps.listed(assigned.rows, sorted([*conflicts, *leaks]))
    return Listing(assigned.rows, twins, given, assigned.filled, listed, again)


def _facts(names: Sequence[str], images: Path, config: Validate, log: Path, packed: Recipe | None) -> list[dict]:
    """The facts of each file, in order, without its name."""
    with Store(log) as kept:
        digests = list(parallel.map(partial(scan.digest, images=images), names, title="reading")) if len(kept) else []
        look = partial(scan.record, images=images, max_pixels=config.max_pixels, to=kept.to, packed=packed)
        limits = bounds.of(config.max_pixels, config.max_seconds)
        lost = partial(scan.lost, images=images, limits=limits)
        keys = digests or [""] * len(names)
        found = file_cache.each(kept, keys, names, look, title="looking at images", lost=lost, limits=limits)
        return [scan.facts(one, config.min_size) for one in found]


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
    """The rows of images that are used: neither bad nor dropped."""
    return [row for row in rows if not row["bad"] and not row["dropped"]]


def classes(rows: Sequence[dict]) -> tuple[str, ...]:
    """Class names by code point: the same order on every machine. The place of a name is its number."""
    return tuple(sorted({row["label"] for row in rows}))
