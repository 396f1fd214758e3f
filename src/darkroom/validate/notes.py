"""What was done with a data set that its owner may not expect, a sentence each: for the terminal and the report."""

from collections import Counter
from collections.abc import Iterator, Sequence

from darkroom.dataset.layout import Layout
from darkroom.dataset.manifest import Listing

SHOWN = 3  # names that a sentence holds
CLASSES = 5  # and classes


def of(listing: Listing, layout: Layout) -> list[str]:
    """The sentences, those of the layout first. Paths and class names in them are as they are: print them with care."""
    return [*layout.notes, *_bad(listing), *_dropped(listing), *_drawn_again(listing), *_filled(listing)]


def _bad(listing: Listing) -> Iterator[str]:
    bad = [row["path"] for row in listing.rows if row["bad"]]
    if bad:
        yield f"set aside: {len(bad)} bad images, listed in reports/quarantine.csv: {_first(bad, SHOWN)}"


def _dropped(listing: Listing) -> Iterator[str]:
    reasons = Counter(each["reason"] for each in listing.overlaps if each["dropped"] == "yes")
    for reason, count in sorted(reasons.items()):
        yield f"dropped: {count} {reason}, listed in reports/dropped.csv"


def _drawn_again(listing: Listing) -> Iterator[str]:
    if listing.again:
        yield "the split of the archive is ignored and drawn again, as it has alike images on two sides"


def _filled(listing: Listing) -> Iterator[str]:
    moved = [f"{each['images']} of class {each['class']} to {each['side']}" for each in listing.filled]
    if moved:
        classes = len({each["class"] for each in listing.filled})
        yield f"the draw left sides of {classes} small classes empty, so images were moved: {_first(moved, CLASSES)}"


def _first(found: Sequence[str], shown: int) -> str:
    more = f" and {len(found) - shown} more" if len(found) > shown else ""
    return ", ".join(found[:shown]) + more
