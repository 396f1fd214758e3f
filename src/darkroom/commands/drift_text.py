"""Put a comparison into words and numbers: for a program as JSON, for a person as lines."""

from collections.abc import Iterator
from typing import TypedDict

import numpy as np

from darkroom.commands.drift_images import NewImages
from darkroom.drift.comparison import Comparison
from darkroom.drift.findings import Corrected, Finding
from darkroom.metrics.intervals import decimals
from darkroom.plots import number_format
from darkroom.runtime.errors import printable

FARTHEST = 24  # images that are listed
SHOWN = 5  # of them in the lines for a person
THOUSAND = 1000  # from here on numbers are rounded to whole ones


class Test(TypedDict):
    """A test, see `drift.findings.Finding`."""

    name: str
    family: str
    test: str
    moved: bool
    p: float
    p_corrected: float
    effect: float
    before: dict[str, float]
    now: dict[str, float]
    words: str


class Estimate(TypedDict):
    """See `drift.accuracy.Accuracy`."""

    value: float
    low: float
    high: float
    level: float
    before: float


class Far(TypedDict):
    name: str
    score: float


class Facts(TypedDict):
    """What `--out json` prints."""

    drift: bool
    model: str  # its digest
    alpha: float
    images: int
    unusable: int
    held_out: int  # images that they were compared with
    tests: list[Test]
    accuracy: Estimate
    farthest: list[Far]


def facts(found: Comparison, new: NewImages, known: int, digest: str) -> Facts:
    """`known` is the number of held-out images."""
    value, low, high, level, before = found.accuracy
    return {
        "drift": bool(found.moved),
        "model": digest,
        "alpha": found.alpha,
        "images": len(new.names),
        "unusable": new.unusable,
        "held_out": known,
        "tests": [_test(row) for row in found.findings],
        "accuracy": {"value": value, "low": low, "high": high, "level": level, "before": before},
        "farthest": [{"name": new.names[i], "score": round(float(found.scores[i]), 4)} for i in farthest(found)],
    }


def farthest(found: Comparison) -> list[int]:
    """The numbers of the images that are most clearly new ones, the clearest first."""
    return np.argsort(-found.scores, kind="stable")[:FARTHEST].tolist()


def lines(facts: Facts) -> Iterator[str]:
    """The comparison for a person."""
    unusable = f", {facts['unusable']} could not be used" if facts["unusable"] else ""
    yield f"{facts['images']:,} images{unusable}; model {facts['model']}, {facts['held_out']:,} validation images"
    for test in facts["tests"]:
        mark = "moved" if test["moved"] else ""
        p = number_format.probability(test["p_corrected"])
        yield f"{mark:<5}  {test['name']:<10}  {printable(test['words'])}  (p {p})"
    yield accuracy_words(facts)
    if facts["drift"]:
        yield "farthest away:"
        yield from (f"  {printable(far['name'])}" for far in facts["farthest"][:SHOWN])


def accuracy_words(facts: Facts) -> str:
    """The estimate in a sentence, with what it rests on."""
    value, low, high, before = (decimals(facts["accuracy"][key]) for key in ("value", "low", "high", "before"))
    sentence = f"accuracy about {value} ({low} to {high}), {before} on the validation images"
    return f"{sentence}; too high where the model is wrongly sure" if facts["drift"] else sentence


def _test(row: Corrected) -> Test:
    finding = row.finding
    return {
        "name": finding.name,
        "family": finding.family,
        "test": finding.test,
        "moved": row.moved,
        "p": finding.p,
        "p_corrected": row.p,
        "effect": finding.effect,
        "before": finding.before,
        "now": finding.now,
        "words": _words(finding),
    }


def _words(finding: Finding) -> str:
    """How much it moved, in its own unit."""
    if finding.test == "classifier":
        return f"a classifier tells them from the validation images with AUC {finding.effect:.2f}, chance is 0.50"
    if finding.test == "chi2":
        largest = max(finding.now, key=lambda name: abs(finding.now[name] - finding.before[name]))
        return f"{largest}: {finding.before[largest]:.0%} -> {finding.now[largest]:.0%} of the images"
    before, now = (_spread(values) for values in (finding.before, finding.now))
    return f"{before} -> {now}"


def _spread(values: dict[str, float]) -> str:
    """Median, and the range of the middle 80 % of the images."""
    median, low, high = (_short(values[name]) for name in ("median", "low", "high"))
    return f"{median} ({low} to {high})"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= THOUSAND else f"{value:.4g}"
