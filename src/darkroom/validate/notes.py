"""What was done with a data set that its owner may not expect, one sentence each: for the terminal and the report."""

from collections import Counter
from collections.abc import Iterator, Sequence

from darkroom.dataset.layout import Layout
from darkroom.dataset.listing import Listing

SHOWN = 3  # names that a sentence holds
CLASSES = 5  # and classes


def sentences(listing: Listing, layout: Layout) -> list[str]:
    """Those of the layout first. Paths and class names in them are as they are: print them with care."""
    return [*layout.notes, *_bad(listing), *_dropped(listing), *_split_again(listing), *_helped(listing)]


def _bad(listing: Listing) -> Iterator[str]:
    bad = [row["path"] for row in listing.rows if row["bad"]]
    if bad:
        yield f"left out: {len(bad)} bad images, listed in reports/quarantine.csv: {_first(bad, SHOWN)}"


def _dropped(listing: Listing) -> Iterator[str]:
    reasons = Counter(overlap["reason"] for overlap in listing.overlaps if overlap["dropped"] == "yes")
    for reason, count in sorted(reasons.items()):
        yield f"dropped: {count} {reason}, listed in reports/dropped.csv"


def _split_again(listing: Listing) -> Iterator[str]:
    if listing.is_split_again:
        yield "the split of the archive is ignored and drawn again, as equal or nearly equal images are in two splits"


def _helped(listing: Listing) -> Iterator[str]:
    moved = [f"{images} of class {label} to {split}" for label, split, images in listing.helped]
    if moved:
        n = len({label for label, _, _ in listing.helped})
        yield f"the draw left splits of {n} small classes empty, so images were moved: {_first(moved, CLASSES)}"


def _first(items: Sequence[str], shown: int) -> str:
    more = f" and {len(items) - shown} more" if len(items) > shown else ""
    return ", ".join(items[:shown]) + more
