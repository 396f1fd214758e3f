"""Count a manifest into the small tables that `checks` holds its expectations against.

Each table is a list of plain rows: a class, a group of equal pictures, or the one row of the whole.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

from darkroom.data import manifest, names

COLUMNS = {  # of each table, also when it has no rows
    "pictures": manifest.COLUMNS,
    "groups": ("pixels", "labels", "sides", "first", "second"),
    "classes": ("class", *names.SIDES, "total"),
    "whole": ("bad_share", "bad", "pictures", "example", "imbalance", "largest", "smallest"),
}


def classes(rows: Sequence[dict]) -> list[dict]:
    """A row a class: class, train, val, test and total, good pictures only; a class of bad ones counts 0."""
    counts = Counter((row["label"], row["split"]) for row in manifest.good(rows))
    found = []
    for label in manifest.classes(rows):
        sides = {side: counts[label, side] for side in names.SIDES}
        found.append({"class": label, **sides, "total": sum(sides.values())})
    return found


def groups(rows: Sequence[dict]) -> list[dict]:
    """A row for each different picture: paths, how many labels and sides it has, its first and last path."""
    equal: dict[str, list[dict]] = defaultdict(list)
    for row in manifest.good(rows):
        equal[row["pixels"]].append(row)
    return [
        {
            "pixels": pixels,
            "paths": [row["path"] for row in same],
            "labels": len({row["label"] for row in same}),
            "sides": len({row["split"] for row in same}),
            **_two_unlike(same),
        }
        for pixels, same in equal.items()
    ]


def _two_unlike(same: Sequence[dict]) -> dict[str, str]:
    """The first path and one that differs in label, else in side, else the last: the pair worth showing."""
    first = same[0]
    unlike = (row for key in ("label", "split") for row in same if row[key] != first[key])
    return {"first": first["path"], "second": next(unlike, same[-1])["path"]}


def whole(rows: Sequence[dict]) -> list[dict]:
    """One row: share of bad pictures with an example, and the largest class to the smallest."""
    bad = [row for row in rows if row["bad"]]
    totals = sorted(classes(rows), key=lambda row: row["total"])
    smallest, largest = totals[0], totals[-1]
    return [
        {
            "bad_share": len(bad) / len(rows),
            "bad": len(bad),
            "pictures": len(rows),
            "example": f"{bad[0]['path']}: {bad[0]['bad']}" if bad else "",
            "imbalance": largest["total"] / max(1, smallest["total"]),
            "largest": largest["class"],
            "smallest": smallest["class"],
        }
    ]
