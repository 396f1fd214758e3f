"""Count a manifest into the small tables that expectations are held against.

A table is a function of a `DataSet` that returns plain rows; the row type that it declares gives its columns.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypedDict, get_args, get_type_hints

from darkroom import manifest
from darkroom.dataset.near_duplicates import Pair
from darkroom.formats import names
from darkroom.manifest import ManifestRow
from darkroom.params import Validate
from darkroom.table.rows import Rows
from darkroom.validate import shortcuts as rules
from darkroom.verdict import NearDuplicates, Shortcut

NUMBER = re.compile(r"\d+")
REASONS, EXAMPLES = 5, 3  # of bad images that are listed, and images of each
EXTENSIONS = {"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG", "bmp": "BMP", "gif": "GIF", "webp": "WEBP"}


@dataclass(frozen=True)
class DataSet:
    """What tables are made from."""

    rows: Sequence[ManifestRow]
    pairs: Sequence[Pair]  # near duplicates among them
    config: Validate

    @cached_property
    def used(self) -> Rows[ManifestRow]:
        """The rows of images that are neither bad nor dropped."""
        return manifest.used(self.rows)

    @cached_property
    def bad(self) -> list[ManifestRow]:
        """The rows of bad images."""
        table = Rows.gather(self.rows)
        return [table[number] for number, reason in enumerate(table.column("bad")) if reason]


Table = Callable[[DataSet], Sequence[Any]]

ClassCounts = TypedDict("ClassCounts", {"class": str, "train": int, "val": int, "test": int, "total": int})
LowContrast = TypedDict("LowContrast", {"class": str, "low_contrast": int, "fraction": float, "example": str})


class Image(TypedDict):
    """What is expected of every single image; columns as in `ManifestRow`."""

    path: str
    label: str
    split: str
    format: str
    width: int
    height: int


class Listed(TypedDict):
    """A path, and how often it is listed; one row stands for all that are listed once."""

    path: str
    times: int


class Columns(TypedDict):
    """Of the manifest: how many it lacks or has too many."""

    wrong: int
    names: str


class EqualImages(TypedDict):
    """Images that look equal; one row stands for all images that have no equal."""

    pixels: str
    labels: int  # how many different ones they have
    splits: int
    first: str  # paths of two of them that differ, where any do
    second: str


class Group(TypedDict):
    """Images that the data set itself calls a group."""

    group: str
    splits: int  # how many it is in
    first: str  # as in EqualImages
    second: str


class Overall(TypedDict):
    """The whole data set."""

    bad_fraction: float
    reasons: str  # of bad images
    imbalance: float  # images of the largest class to those of the smallest
    largest: str
    smallest: str
    aspect: float  # of the longest image, 1 or more
    longest: str
    wrong_extensions: int
    wrong_extension: str  # an example
    noted: int  # images with a note
    notes: str


def columns(table: Table) -> list[str]:
    """The columns of a table, known even when it has no rows."""
    (row,) = get_args(get_type_hints(table)["return"])
    return list(row.__annotations__)


def images(data: DataSet) -> Rows[Image]:
    """One row per used image."""
    return data.used.select(Image.__annotations__)


def listed(data: DataSet) -> list[Listed]:
    """One row per path that is listed several times, and one for all the others."""
    used = data.used
    again = [Listed(path=used[group[0]]["path"], times=len(group)) for group in used.repeated("path")]
    is_all = sum(row["times"] for row in again) == len(used)
    return again if is_all else [*again, Listed(path="", times=1)]


def manifest_columns(data: DataSet) -> list[Columns]:
    """One row."""
    wrong = sorted(set(manifest.COLUMNS) ^ set(data.rows[0]))
    return [Columns(wrong=len(wrong), names=", ".join(wrong))]


def classes(data: DataSet) -> list[ClassCounts]:
    """One row per class, counting used images; a class of bad ones counts 0."""
    used = data.used
    counts = Counter(zip(used.column("label"), used.column("split"), strict=True))
    rows = []
    for label in manifest.classes(data.rows):
        train, val, test = (counts[label, split] for split in names.SPLITS)
        rows.append(
            ClassCounts({"class": label, "train": train, "val": val, "test": test, "total": train + val + test})
        )
    return rows


def equal_images(data: DataSet) -> list[EqualImages]:
    """One row per image that has equals, and one for all the others."""
    used = data.used
    numbers = used.repeated("pixels")
    repeated = {number for group in numbers for number in group}
    single = next((number for number in range(len(used)) if number not in repeated), None)
    groups = [*numbers, *([[single]] if single is not None else [])]
    return [_equal([used[number] for number in group]) for group in groups]


def _equal(group: Sequence[ManifestRow]) -> EqualImages:
    return EqualImages(
        pixels=group[0]["pixels"],
        labels=len({row["label"] for row in group}),
        splits=len({row["split"] for row in group}),
        first=group[0]["path"],
        second=_unlike(group)["path"],
    )


def near_duplicates(data: DataSet) -> list[NearDuplicates]:
    """One row per pair of near duplicates that are both used, those across classes and splits first."""
    pairs = []
    for pair in data.pairs:
        one, other = data.rows[pair.first], data.rows[pair.second]
        if manifest.is_used(one) and manifest.is_used(other):
            pairs.append(
                NearDuplicates(
                    first=one["path"],
                    second=other["path"],
                    difference=pair.difference,
                    mirrored=pair.mirrored,
                    labels=len({one["label"], other["label"]}),
                    splits=len({one["split"], other["split"]}),
                )
            )
    return sorted(pairs, key=lambda pair: (-pair["labels"], -pair["splits"], pair["first"], pair["second"]))


def groups(data: DataSet) -> list[Group]:
    """One row per group that the data set itself names."""
    members: dict[str, list[ManifestRow]] = defaultdict(list)
    for row in data.used.select(("group", "path", "label", "split")):
        if row["group"]:
            members[row["group"]].append(row)
    return [
        Group(
            group=group,
            splits=len({row["split"] for row in rows}),
            first=rows[0]["path"],
            second=_unlike(rows)["path"],
        )
        for group, rows in members.items()
    ]


def low_contrast(data: DataSet) -> list[LowContrast]:
    """One row per class: how many of its used images are nearly one grey, and which fraction that is."""
    used = data.used
    totals = Counter(used.column("label"))
    columns = used.select(("label", "path", "contrast"))
    low = [row for row in columns if row["contrast"] < data.config.min_contrast]
    counts = Counter(row["label"] for row in low)
    examples = {row["label"]: row["path"] for row in reversed(low)}
    return [
        LowContrast(
            {
                "class": label,
                "low_contrast": counts[label],
                "fraction": counts[label] / total,
                "example": examples.get(label, ""),
            }
        )
        for label, total in sorted(totals.items())
    ]


def shortcuts(data: DataSet) -> list[Shortcut]:
    """One row per class and family of properties: the best rule that tells the class without its content."""
    return rules.find(data.used, data.config.max_shortcut_score)


def overall(data: DataSet) -> list[Overall]:
    """One row."""
    used = data.used
    totals = sorted(classes(data), key=lambda row: row["total"])
    smallest, largest = totals[0], totals[-1]
    shapes = used.select(("path", "width", "height"))  # a row of few columns costs a fifth
    aspect, longest = max(((_aspect(row), row["path"]) for row in shapes), default=(1.0, ""))
    wrong_extensions = [row["path"] for row in used.select(("path", "format")) if _has_wrong_extension(row)]
    notes = [note for note in used.column("note") if note]
    return [
        Overall(
            bad_fraction=len(data.bad) / len(data.rows),
            reasons=_reasons(data.bad, len(data.rows)),
            imbalance=largest["total"] / max(1, smallest["total"]),
            largest=largest["class"],
            smallest=smallest["class"],
            aspect=aspect,
            longest=longest,
            wrong_extensions=len(wrong_extensions),
            wrong_extension=next(iter(wrong_extensions), ""),
            noted=len(notes),
            notes="; ".join(f"{note}: {count}" for note, count in Counter(notes).most_common()),
        )
    ]


def duplicates(data: DataSet) -> list[list[str]]:
    """The paths of used images that look equal, in groups of several."""
    used = data.used
    return [[used[number]["path"] for number in group] for group in used.repeated("pixels")]


def _unlike(rows: Sequence[ManifestRow]) -> ManifestRow:
    """A row that differs from the first in label, else one that differs in split, else the last."""
    first = rows[0]
    other_label = (row for row in rows if row["label"] != first["label"])
    other_split = (row for row in rows if row["split"] != first["split"])
    return next(other_label, next(other_split, rows[-1]))


def _reasons(bad: Sequence[ManifestRow], total: int) -> str:
    """The bad images by reason, the most frequent first; reasons that differ in numbers only are one."""
    by_reason: dict[str, list[ManifestRow]] = defaultdict(list)
    for row in bad:
        by_reason[NUMBER.sub("#", row["bad"])].append(row)
    groups = sorted(by_reason.values(), key=len, reverse=True)
    shown = [f"{len(rows)} of {total}: {rows[0]['bad']} ({_examples(rows)})" for rows in groups[:REASONS]]
    return "; ".join(shown + [f"{len(groups) - REASONS} more reasons"] * (len(groups) > REASONS))


def _examples(rows: Sequence[ManifestRow]) -> str:
    more = ", ..." if len(rows) > EXAMPLES else ""
    return ", ".join(row["path"] for row in rows[:EXAMPLES]) + more


def _aspect(row: ManifestRow) -> float:
    return max(row["width"], row["height"]) / min(row["width"], row["height"])


def _has_wrong_extension(row: ManifestRow) -> bool:
    promised = EXTENSIONS.get(row["path"].rpartition(".")[2].casefold())
    return promised is not None and promised != row["format"].replace("MPO", "JPEG")
