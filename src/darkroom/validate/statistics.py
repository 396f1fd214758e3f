"""Count a manifest into the small tables that `checks` holds its expectations against.

Each table is a list of plain rows: a class, a group of equal images, a pair of nearly equal ones, a given group,
a rule that may give a class away (those are made by `shortcuts`), or the one row of the whole.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from darkroom.dataset import manifest
from darkroom.dataset.near_duplicates import Pair
from darkroom.formats import names

COLUMNS = {  # of each table, also when it has no rows
    "images": manifest.COLUMNS,
    "groups": ("pixels", "labels", "sides", "first", "second"),
    "classes": ("class", *names.SPLITS, "total"),
    "near": ("first", "second", "difference", "labels", "sides"),
    "given": ("group", "sides", "first", "second"),
    "flats": ("class", "flat", "fraction", "example"),
    "giveaways": ("class", "property", "rule", "inside", "outside", "alone", "score"),
    "whole": (
        *("bad_share", "bad", "images", "reasons", "imbalance", "largest", "smallest"),
        *("aspect", "widest", "misnamed", "misnomer"),
        *("noted", "notes"),
    ),
}
NUMBER = re.compile(r"\d+")
REASONS, EXAMPLES = 5, 3  # of bad images that are told, and images of each
ENDINGS = {"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG", "bmp": "BMP", "gif": "GIF", "webp": "WEBP"}


def classes(rows: Sequence[dict]) -> list[dict]:
    """A row a class: class, train, val, test and total, good images only; a class of bad ones counts 0."""
    counts = Counter((row["label"], row["split"]) for row in manifest.good(rows))
    found = []
    for label in manifest.classes(rows):
        sides = {side: counts[label, side] for side in names.SPLITS}
        found.append({"class": label, **sides, "total": sum(sides.values())})
    return found


def groups(rows: Sequence[dict]) -> list[dict]:
    """A row for each different image: paths, how many labels and sides it has, its first and last path."""
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


def near(rows: Sequence[dict], twins: Sequence[Pair]) -> list[dict]:
    """A row for each pair of near duplicates that are both used, those across classes and sides first."""
    found = []
    for first, second, difference in twins:
        pair = rows[first], rows[second]
        if len(manifest.good(pair)) < len(pair):
            continue
        labels, sides = (len({row[key] for row in pair}) for key in ("label", "split"))
        paths = {"first": pair[0]["path"], "second": pair[1]["path"]}
        found.append({**paths, "difference": difference, "labels": labels, "sides": sides})
    return sorted(found, key=lambda row: (-row["labels"], -row["sides"], row["first"], row["second"]))


def given(rows: Sequence[dict]) -> list[dict]:
    """A row for each group that the data set itself names: how many sides it is on, with an example of it."""
    same: dict[str, list[dict]] = defaultdict(list)
    for row in manifest.good(rows):
        if row["group"]:
            same[row["group"]].append(row)
    sides = {group: len({row["split"] for row in its}) for group, its in same.items()}
    return [{"group": group, "sides": sides[group], **_two_unlike(its)} for group, its in same.items()]


def flats(rows: Sequence[dict], min_contrast: float) -> list[dict]:
    """A row a class: how many of its good images are nearly one grey, and which share that is."""
    totals = Counter(row["label"] for row in manifest.good(rows))
    flat = [row for row in manifest.good(rows) if row["contrast"] < min_contrast]
    counts = Counter(row["label"] for row in flat)
    example = {row["label"]: row["path"] for row in reversed(flat)}
    return [
        {"class": label, "flat": counts[label], "fraction": counts[label] / total, "example": example.get(label, "")}
        for label, total in sorted(totals.items())
    ]


def whole(rows: Sequence[dict]) -> list[dict]:
    """One row: share of bad images, largest class to smallest, the longest image, misnamed and noted ones."""
    bad = [row for row in rows if row["bad"]]
    totals = sorted(classes(rows), key=lambda row: row["total"])
    smallest, largest = totals[0], totals[-1]
    aspect, widest = max(((_aspect(row), row["path"]) for row in manifest.good(rows)), default=(1.0, ""))
    misnamed = [row["path"] for row in manifest.good(rows) if _is_misnamed(row)]
    notes = [row["note"] for row in manifest.good(rows)]
    return [
        {
            "bad_share": len(bad) / len(rows),
            "bad": len(bad),
            "images": len(rows),
            "reasons": _reasons(bad, len(rows)),
            "imbalance": largest["total"] / max(1, smallest["total"]),
            "largest": largest["class"],
            "smallest": smallest["class"],
            "aspect": aspect,
            "widest": widest,
            "misnamed": len(misnamed),
            "misnomer": misnamed[0] if misnamed else "",
            "noted": sum(map(bool, notes)),
            "notes": _counted(notes),
        }
    ]


def _counted(notes: Sequence[str]) -> str:
    return "; ".join(f"{note}: {count}" for note, count in Counter(filter(None, notes)).most_common())


def _reasons(bad: Sequence[dict], total: int) -> str:
    """The bad images by reason, the most frequent first; reasons that differ in numbers only are one."""
    alike: dict[str, list[dict]] = defaultdict(list)
    for row in bad:
        alike[NUMBER.sub("#", row["bad"])].append(row)
    found = sorted(alike.values(), key=len, reverse=True)
    told = [f"{len(rows)} of {total}: {rows[0]['bad']} ({_first(rows)})" for rows in found[:REASONS]]
    return "; ".join(told + [f"{len(found) - REASONS} more reasons"] * (len(found) > REASONS))


def _first(rows: Sequence[dict]) -> str:
    more = ", ..." if len(rows) > EXAMPLES else ""
    return ", ".join(row["path"] for row in rows[:EXAMPLES]) + more


def _aspect(row: dict) -> float:
    return max(row["width"], row["height"]) / min(row["width"], row["height"])


def _is_misnamed(row: dict) -> bool:
    promised = ENDINGS.get(row["path"].rpartition(".")[2].casefold())
    return promised is not None and promised != row["format"].replace("MPO", "JPEG")
