"""Find what should not be there twice, and leave it out where params say so.

A conflict is an image in two classes: its pixels are equal and its labels are not. Nobody can say which label is
right, so all of its copies go. Nearly equal images of two classes may both be right, and are never dropped.

A leak is a cluster (`near_duplicates.clusters`: equal and nearly equal images and those of one group) on two sides
of the archive's own split. The copies in test stay, else those in val, and what learns from them goes: so scores keep
their meaning, and afterwards no cluster is on two sides. Nearly equal images count here, although they are only a
warning when nothing is dropped: an image too few in training costs little, one too many makes the score a lie.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

WORTH = ("test", "val", "train", "")  # where copies of one image lie on several sides, the first of these keeps them
COLUMNS = ("path", "reason", "other", "dropped")  # of the list


class Overlap(NamedTuple):
    """An image that should go: its row by number, why, and the path of the other one that is the reason."""

    row: int
    reason: str
    other: str


def conflicts(rows: Sequence[Mapping]) -> list[Overlap]:
    """All copies of images that are in two classes, in the order of the rows."""
    found = []
    for same in _together(rows, "pixels"):
        for number in same:
            other = next((rows[each] for each in same if rows[each]["label"] != rows[number]["label"]), None)
            if other:
                found.append(Overlap(number, "equal to an image of another class", other["path"]))
    return sorted(found)


def leaks(rows: Sequence[Mapping]) -> list[Overlap]:
    """What a cluster has on the lesser sides of a given split, in the order of the rows.

    Images in two classes are left to `conflicts`: dropping one copy would settle the label by accident.
    """
    settled = {overlap.row for overlap in conflicts(rows)}
    found = []
    for same in _together(rows, "cluster"):
        best = min((rows[number]["split"] for number in same), key=WORTH.index)
        if best in ("test", "val"):
            kept = [rows[number] for number in same if rows[number]["split"] == best]
            lesser = [number for number in same if rows[number]["split"] != best and number not in settled]
            found += [Overlap(number, *_why(rows[number], kept)) for number in lesser]
    return sorted(found)


def without(rows: Sequence[Mapping], overlaps: Iterable[Overlap]) -> list[dict]:
    """The rows with `dropped`, the reason, filled in; a dropped one leaves its cluster."""
    gone = {overlap.row: overlap.reason for overlap in overlaps}
    return [
        {**row, "dropped": gone[number], "cluster": ""} if number in gone else dict(row)
        for number, row in enumerate(rows)
    ]


def listed(rows: Sequence[Mapping], overlaps: Iterable[Overlap]) -> list[dict]:
    """A row with COLUMNS for each; `dropped` is yes or no."""
    return [
        {
            "path": rows[number]["path"],
            "reason": reason,
            "other": other,
            "dropped": "yes" if rows[number]["dropped"] else "no",
        }
        for number, reason, other in overlaps
    ]


def _together(rows: Sequence[Mapping], key: str) -> Iterable[list[int]]:
    """The numbers of the rows in use that agree in `key`, where there are several."""
    found = defaultdict(list)
    for number, row in enumerate(rows):
        if row[key] and not row["dropped"]:
            found[row[key]].append(number)
    return (same for same in found.values() if len(same) > 1)


def _why(row: Mapping, kept: Sequence[Mapping]) -> tuple[str, str]:
    """The reason and the path of the image that is kept, the most alike first."""
    for key, words in (("pixels", "equal to an image in"), ("group", "of the same group as an image in")):
        other = next((each for each in kept if row[key] and each[key] == row[key]), None)
        if other:
            return f"{words} {other['split']}", other["path"]
    return f"nearly equal to an image in {kept[0]['split']}", kept[0]["path"]
