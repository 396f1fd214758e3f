"""Interpret a learning curve: where transfer beats training from scratch, and whether more images would still help.

Every claim is about a difference on the same test images, and its interval contains the variance of training as far as
it is known: where a fraction was trained on several subsets, that between them; where it was trained once, that of the
largest repeated fraction of the same model, because the variance falls with the number of images. The price: what rests
on so few trainings is often left undecided.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from darkroom.metrics import intervals, training_variance
from darkroom.metrics.training_variance import Reach, TrainingVariance
from darkroom.report.records import CurvePoint

Verdict = Literal["ahead", "behind", "undecided"]

MARGIN = 0.01  # accuracy: one test image in 100 more or less, which few would collect many times the images for


class Point(CurvePoint):
    low: float  # ends of the interval of the accuracy
    high: float
    variance: TrainingVariance | None  # of one training, where it is known, and how often the accuracy has it


class Step(NamedTuple):
    """The last two points of a curve, and whether the accuracy rises between them beyond chance."""

    before: Point
    after: Point
    rises: bool


def by_model(rows: Sequence[CurvePoint], confidence: float) -> dict[str, list[Point]]:
    """Return the points of each model with their intervals, the fewest training images first."""
    curves: dict[str, list[Point]] = {}
    for row in sorted(rows, key=lambda row: row["images"]):
        curve = curves.setdefault(row["model"], [])
        variance = _variance(row, curve)
        low, high = _interval(row, variance, confidence)
        curve.append({**row, "low": low, "high": high, "variance": variance})
    return curves


def compare(scratch: Sequence[Point], transfer: Sequence[Point], confidence: float) -> dict[Verdict, list[int]]:
    """Return the numbers of training images at which `transfer` is ahead of `scratch`, behind it, or undecided."""
    others = {row["images"]: row for row in scratch}
    sizes: dict[Verdict, list[int]] = {"ahead": [], "behind": [], "undecided": []}
    for row in transfer:
        other = others.get(row["images"])
        if other and row["se_from_scratch"] is not None:
            sizes[_verdict(row, other, row["se_from_scratch"], confidence)].append(row["images"])
    return sizes


def images_needed(scratch: Sequence[Point], transfer: Sequence[Point], confidence: float) -> Point | None:
    """Return the smallest point of `transfer` proven to be no more than MARGIN below `scratch` with all its images.

    From the largest point down, until one is not proven: so many tests need no correction (fixed sequence; Westfall and
    Krishen 2001).
    """
    proven = None
    for row in reversed(transfer):
        standard_error = row["se_from_scratch_all"]
        if standard_error is None:
            return proven
        length = _reach(row, scratch[-1], standard_error, confidence).length
        if row["accuracy"] - scratch[-1]["accuracy"] - length <= -MARGIN:
            return proven
        proven = row
    return proven


def last_step(rows: Sequence[Point], confidence: float) -> Step | None:
    if len(rows) < 2 or rows[-1]["se_from_before"] is None:
        return None
    before, after = rows[-2:]
    return Step(before, after, rises=_verdict(after, before, rows[-1]["se_from_before"], confidence) == "ahead")


def trainings(rows: Sequence[Point]) -> int:
    """Return how many trainings the most often repeated point rests on."""
    return max(row["trainings"] for row in rows)


def _variance(row: CurvePoint, smaller: Sequence[Point]) -> TrainingVariance | None:
    """The variance of the accuracy of `row` by training; `smaller` are the points of the same model before it.

    The mean of t trainings, each on a fraction f of the same images, has it 1/t + f/(1 - f) times: 1/t of what differs
    between the subsets, and f/(1 - f) for the images that all are drawn from. Nadeau and Bengio (2003) correct
    overlapping training sets in this way.
    """
    if row["sd"] is not None:
        t, f = row["trainings"], row["fraction"]
        return TrainingVariance(row["sd"] ** 2, t, 1 / t + f / (1 - f))
    known = [point["variance"] for point in smaller if point["variance"]]
    return known[-1]._replace(weight=1.0) if known else None


def _interval(row: CurvePoint, variance: TrainingVariance | None, confidence: float) -> tuple[float, float]:
    """Wilson's interval of as many images as would give a standard error of that reach; all of them without errors."""
    length = training_variance.reach(row["se"], [variance] if variance else [], confidence).length
    squared = (length / intervals.quantile(confidence)) ** 2
    share, most = row["accuracy"], row["test_clusters"]
    n = min(most, share * (1 - share) / squared) if 0 < share < 1 else most
    low, high = intervals.wilson(share * n, n, confidence)
    assert low is not None and high is not None  # there are test images
    return low, high


def _verdict(row: Point, other: Point, standard_error: float, confidence: float) -> Verdict:
    difference, length = row["accuracy"] - other["accuracy"], _reach(row, other, standard_error, confidence).length
    if abs(difference) <= length:
        return "undecided"
    return "ahead" if difference > 0 else "behind"


def _reach(row: Point, other: Point, standard_error: float, confidence: float) -> Reach:
    """Of the difference of two points. What both have from the same trainings is one variance, known no better."""
    parts = [point["variance"] for point in (row, other) if point["variance"]]
    if len(parts) == 2 and parts[0][:2] == parts[1][:2] and row["model"] == other["model"]:
        parts = [parts[0]._replace(weight=parts[0].weight + parts[1].weight)]
    return training_variance.reach(standard_error, parts, confidence)
