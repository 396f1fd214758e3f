"""Find images that should not be there twice, and leave them out where params say so.

A conflict is an image in two classes: its pixels are equal and its labels are not. Nobody can say which label is
right, so all of its copies are dropped. Nearly equal images of two classes may both be right, and are never dropped.

A leak is a cluster (`clusters`: equal and nearly equal images and those of one group) in two splits
of the archive. The copies in test stay, else those in val, and the copies in other splits are dropped: so scores stay
valid, and afterwards no cluster is in two splits. Nearly equal images count here, although they are only a warning
when nothing is dropped: one training image too few costs little, one too many makes the score wrong.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypedDict

from darkroom.manifest import ManifestRow
from darkroom.table.rows import Rows

PRIORITY = ("test", "val", "train", "")  # of splits that share an image, the first of these keeps it


class Overlap(NamedTuple):
    """An image that should be dropped: its row by number, why, and the path of the image that is the reason."""

    row: int
    reason: str
    other: str


class OverlapRow(TypedDict):
    """An overlap as reports/dropped.csv lists it."""

    path: str
    reason: str
    other: str  # path
    dropped: str  # yes or no


COLUMNS = tuple(OverlapRow.__annotations__)


def conflicts(rows: Sequence[ManifestRow]) -> list[Overlap]:
    """All copies of images that are in two classes, in the order of the rows."""
    overlaps = []
    for numbers in _groups(rows, "pixels"):
        for number in numbers:
            other = next((rows[n] for n in numbers if rows[n]["label"] != rows[number]["label"]), None)
            if other:
                overlaps.append(Overlap(number, "equal to an image of another class", other["path"]))
    return sorted(overlaps)


def leaks(rows: Sequence[ManifestRow]) -> list[Overlap]:
    """The images of each cluster in the splits of lower priority, in the order of the rows; none without given splits.

    Images in two classes are left to `conflicts`: dropping one copy would decide the label by accident.
    """
    in_conflict = {overlap.row for overlap in conflicts(rows)}
    overlaps = []
    for numbers in _groups(rows, "cluster"):
        best = min((rows[n]["split"] for n in numbers), key=PRIORITY.index)
        if best in ("test", "val"):
            stay = [rows[n] for n in numbers if rows[n]["split"] == best]
            go = [n for n in numbers if rows[n]["split"] != best and n not in in_conflict]
            overlaps += [Overlap(n, *_why(rows[n], stay)) for n in go]
    return sorted(overlaps)


def without(rows: Iterable[ManifestRow], overlaps: Iterable[Overlap]) -> Rows[ManifestRow]:
    """The rows with `dropped`, the reason, filled in; a dropped one leaves its cluster."""
    reasons = {overlap.row: overlap.reason for overlap in overlaps}
    table = Rows.gather(rows)
    if not reasons:
        return table
    return table.replaced(
        dropped=(reasons.get(number, why) for number, why in enumerate(table.column("dropped"))),
        cluster=("" if number in reasons else name for number, name in enumerate(table.column("cluster"))),
    )


def listed(rows: Sequence[ManifestRow], overlaps: Iterable[Overlap]) -> list[OverlapRow]:
    """One row per overlap."""
    return [
        OverlapRow(
            path=rows[number]["path"],
            reason=reason,
            other=other,
            dropped="yes" if rows[number]["dropped"] else "no",
        )
        for number, reason, other in overlaps
    ]


def _groups(rows: Iterable[ManifestRow], name: str) -> list[list[int]]:
    """The numbers of the rows that are not dropped and have the same text in a column, where there are several."""
    table = Rows.gather(rows)
    dropped = {number for number, why in enumerate(table.column("dropped")) if why}
    groups = [[number for number in group if number not in dropped] for group in table.repeated(name)]
    return [group for group in groups if len(group) > 1]


def _why(row: ManifestRow, stay: Sequence[ManifestRow]) -> tuple[str, str]:
    """The reason and the path of the image that stays, the most alike first."""
    equal = next((other for other in stay if row["pixels"] and other["pixels"] == row["pixels"]), None)
    if equal:
        return f"equal to an image in {equal['split']}", equal["path"]
    same_group = next((other for other in stay if row["group"] and other["group"] == row["group"]), None)
    if same_group:
        return f"of the same group as an image in {same_group['split']}", same_group["path"]
    return f"nearly equal to an image in {stay[0]['split']}", stay[0]["path"]
