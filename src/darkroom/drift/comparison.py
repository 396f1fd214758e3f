"""Compare new images with the held-out ones: how they look, how the network sees them, and what it says of them.

All tests are one family: with Holm's correction (1979) the chance of any alarm is at most alpha where nothing changed,
whatever the tests have to do with each other.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from darkroom.drift import accuracy, classifier_test, two_samples
from darkroom.drift.accuracy import Accuracy
from darkroom.drift.findings import Corrected, Finding
from darkroom.metrics import ranking
from darkroom.novelty.held_out import HeldOut, Images
from darkroom.packed_data import PROPERTIES

LEAST = 20  # images on either side: with fewer nothing could be told
TESTS = len(PROPERTIES) + 3  # labels, confidence and features
LEAST_DRAWS = 999  # random permutations and tables, so that p is known to 0.001
SEED = 0  # so that the same images give the same answer


class Comparison(NamedTuple):
    """What changed, of n new images. Of the `findings` those that moved come first, the surest one at the top."""

    alpha: float
    findings: tuple[Corrected, ...]
    accuracy: Accuracy
    scores: np.ndarray  # float64 (n,): how clearly each image is a new one

    @property
    def moved(self) -> list[Finding]:
        return [row.finding for row in self.findings if row.moved]


def compare(known: HeldOut, new: Images, classes: Sequence[str], alpha: float) -> Comparison:
    """Compare LEAST images or more with the held-out ones. The features are left out where `new` has none."""
    before, draws = known.images, random_draws(TESTS, alpha)
    findings = [*_looks(before, new), *_predictions(before, new, classes, draws)]
    if new.features.shape[1]:
        found = classifier_test.separate(before.features, new.features, draws, SEED)
        findings.append(Finding("features", "features", "classifier", found.p, found.auc, {}, {}))
    scores = classifier_test.separate(*_columns(before, new), permutations=0, seed=SEED).scores
    estimate = accuracy.estimate(before.confidence, known.right, new.confidence, SEED)
    return Comparison(alpha, _corrected(findings, alpha), estimate, scores)


def random_draws(tests: int, alpha: float) -> int:
    """Return enough of them for the smallest p, times the number of tests (Holm), to be half of alpha."""
    return max(LEAST_DRAWS, round(2 * tests / alpha))


def _looks(before: Images, new: Images) -> list[Finding]:
    return [
        two_samples.numbers(name, "properties", before.appearance[:, column], new.appearance[:, column])
        for column, name in enumerate(PROPERTIES)
    ]


def _predictions(before: Images, new: Images, classes: Sequence[str], draws: int) -> list[Finding]:
    return [
        two_samples.labels(before.predicted, new.predicted, classes, draws, SEED),
        two_samples.numbers("confidence", "predictions", before.confidence, new.confidence),
    ]


def _columns(before: Images, new: Images) -> tuple[np.ndarray, np.ndarray]:
    """All numbers that are known of both, float `(v, c)` and `(n, c)`, to order the images by."""
    has_features = new.features.shape[1] > 0
    old_columns, new_columns = (
        np.column_stack([one.appearance, one.confidence, *([one.features] if has_features else [])])
        for one in (before, new)
    )
    return old_columns, new_columns


def _corrected(findings: Sequence[Finding], alpha: float) -> tuple[Corrected, ...]:
    ps = ranking.holm([finding.p for finding in findings])
    rows = (Corrected(finding, p, p < alpha) for finding, p in zip(findings, ps, strict=True))
    return tuple(sorted(rows, key=lambda row: (not row.moved, row.p, row.finding.p)))
