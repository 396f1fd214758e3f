"""The points of a learning curve: what they are measured with, and what is kept of them.

A point keeps numbers and no predictions: its accuracy, and the standard errors of its accuracy and of the differences
that the report judges. All points are tested on the same images, so a difference is known better than either accuracy;
its standard error is that of the image-by-image difference, summed over clusters of images (Liang and Zeger 1986).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypedDict

import numpy as np

from darkroom.refit.config import RefitConfig, RefitPaths


@dataclass(frozen=True)
class CurveConfig:
    """What is measured, and what it is trained with."""

    fractions: Sequence[float]
    repeats: int  # trainings of each fraction below one half
    backbones: Sequence[str]
    refit: RefitConfig


@dataclass(frozen=True)
class CurvePaths:
    """The model folders, and what their recipes are made of."""

    models: Path
    refit: RefitPaths


class Measured(NamedTuple):
    """What the trainings of one model on one fraction of the training images got right."""

    model: str
    fraction: float
    images: int  # training images
    correct: np.ndarray  # bool (trainings, n), n test images


class Point(TypedDict):
    """One row of learning_curve.json: a network that was trained with `images`, a `fraction` of all training images."""

    model: str
    fraction: float
    images: int
    trainings: int  # each with other training images
    test_images: int
    test_clusters: int  # of test images that are not independent
    accuracy: float  # the mean of the trainings
    sd: float | None  # of the accuracy between trainings; None for one training
    se: float  # of the accuracy, by the draw of the test images
    se_from_scratch: float | None  # of the difference to the first model with the same fraction; None for that model
    se_from_scratch_all: float | None  # of the difference to the first model with its largest fraction
    se_from_before: float | None  # of the difference to the same model with the fraction before; None for the first


def points(measured: Sequence[Measured], clusters: np.ndarray) -> list[Point]:
    """One point for each, in the same order: the first model by rising fractions, then the others likewise.

    `clusters` int64 `(n,)` of the test images.
    """
    curves: dict[str, dict[float, Measured]] = {}
    for one in measured:
        curves.setdefault(one.model, {})[one.fraction] = one
    scratch = next(iter(curves.values()), {})
    return [_point(one, scratch, curves[one.model], clusters) for one in measured]


def _point(one: Measured, scratch: dict[float, Measured], own: dict[float, Measured], clusters: np.ndarray) -> Point:
    trainings, n = one.correct.shape
    other = scratch is not own
    smaller = [fraction for fraction in own if fraction < one.fraction]
    return Point(
        model=one.model,
        fraction=one.fraction,
        images=one.images,
        trainings=trainings,
        test_images=n,
        test_clusters=len(np.unique(clusters)),
        accuracy=float(one.correct.mean()),
        sd=float(one.correct.mean(1).std(ddof=1)) if trainings > 1 else None,
        se=_standard_error(one.correct.mean(0), clusters),
        se_from_scratch=_paired(one, scratch[one.fraction], clusters) if other else None,
        se_from_scratch_all=_paired(one, scratch[max(scratch)], clusters) if other else None,
        se_from_before=_paired(one, own[max(smaller)], clusters) if smaller else None,
    )


def _paired(a: Measured, b: Measured, clusters: np.ndarray) -> float:
    return _standard_error(a.correct.mean(0) - b.correct.mean(0), clusters)


def _standard_error(values: np.ndarray, clusters: np.ndarray) -> float:
    """Of the mean of float `(n,)`, whose `clusters` int64 `(n,)` were drawn whole."""
    sums = np.bincount(np.unique(clusters, return_inverse=True)[1], values - values.mean())
    g = len(sums)
    return float(np.sqrt((sums**2).sum() * g / max(g - 1, 1)) / len(values))
