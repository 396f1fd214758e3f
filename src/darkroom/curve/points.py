"""The points of a learning curve, and what they are measured with."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from darkroom.params import Augment, Fit
from darkroom.transfer_learning.config import TransferConfig


@dataclass(frozen=True)
class CurveConfig:
    """What is measured, and the values of params.yaml that it is trained with."""

    fractions: Sequence[float]
    backbones: Sequence[str]
    seed: int
    augment: Augment
    train: Fit
    transfer: TransferConfig


@dataclass(frozen=True)
class CurvePaths:
    """What is read (packed data, best.json, model folders, files of weights), and the cache."""

    packed: Path
    best: Path
    models: Path
    weights: Path
    cache: Path


class Point(TypedDict):
    """One row of learning_curve.json: a network that was trained with `images`, a `fraction` of all training images."""

    model: str
    fraction: float
    images: int
    correct: int  # of the test images
    test_images: int
    accuracy: float
