"""What `labels` needs to know, and where it finds the models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from darkroom.packed_data import Split
from darkroom.params import Labels
from darkroom.refit.config import RefitConfig, RefitPaths

LabelData = Mapping[str, Split]  # train, val and test


@dataclass(frozen=True)
class LabelsConfig:
    labels: Labels
    backbones: Sequence[str]
    refit: RefitConfig


@dataclass(frozen=True)
class LabelsPaths:
    """What is read: the folder of model folders, and the sources of a training."""

    models: Path
    refit: RefitPaths
