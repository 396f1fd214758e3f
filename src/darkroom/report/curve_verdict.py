"""Interpret a learning curve: where transfer beats training from scratch, and whether more images would still help.

Two accuracies are called different only when their intervals do not overlap. The price: this is stricter than a
paired test, so some true differences stay undecided; but none is claimed that chance explains.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from darkroom.metrics import intervals
from darkroom.report.records import CurvePoint

Verdict = Literal["ahead", "behind", "undecided"]


class Point(CurvePoint):
    low: float  # ends of the Wilson interval of the accuracy
    high: float


class Step(NamedTuple):
    """The last two points of a curve, and whether the accuracy rises between them beyond its intervals."""

    before: Point
    after: Point
    rises: bool


def by_model(rows: Sequence[CurvePoint], confidence: float) -> dict[str, list[Point]]:
    """Return the points of each model with their intervals, the fewest training images first."""
    curves: dict[str, list[Point]] = {}
    for row in sorted(rows, key=lambda row: row["images"]):
        low, high = intervals.wilson(row["correct"], row["test_images"], confidence)
        if low is not None and high is not None:
            curves.setdefault(row["model"], []).append({**row, "low": low, "high": high})
    return curves


def compare(scratch: Sequence[Point], transfer: Sequence[Point]) -> dict[Verdict, list[int]]:
    """Return the numbers of training images at which `transfer` is ahead of `scratch`, behind it, or undecided."""
    others = {row["images"]: row for row in scratch}
    sizes: dict[Verdict, list[int]] = {"ahead": [], "behind": [], "undecided": []}
    for row in transfer:
        if other := others.get(row["images"]):
            sizes[_verdict(row, other)].append(row["images"])
    return sizes


def samples_needed(scratch: Sequence[Point], transfer: Sequence[Point]) -> Point | None:
    """Return the smallest point of `transfer` that is as accurate as `scratch` with all its images, if there is one."""
    return next((row for row in transfer if row["accuracy"] >= scratch[-1]["accuracy"]), None)


def last_step(rows: Sequence[Point]) -> Step | None:
    if len(rows) < 2:
        return None
    before, after = rows[-2:]
    return Step(before, after, rises=after["low"] > before["high"])


def _verdict(row: Mapping, other: Mapping) -> Verdict:
    if row["low"] > other["high"]:
        return "ahead"
    return "behind" if row["high"] < other["low"] else "undecided"
