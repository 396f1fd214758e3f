"""What the models of a run were trained with, and from where it is read."""

from dataclasses import dataclass
from pathlib import Path

from darkroom.params import Augment, Fit
from darkroom.transfer_learning.config import TransferConfig


@dataclass(frozen=True)
class RefitConfig:
    """The values of params.yaml that every model of a run follows from, but for those in best.json."""

    seed: int
    augment: Augment
    train: Fit  # of the tuned network
    transfer: TransferConfig

    @property
    def values(self) -> tuple:
        """All of them, for `checkpoint.resume_dir`."""
        return self.seed, self.augment, self.train, *self.transfer


@dataclass(frozen=True)
class RefitPaths:
    """What is read (packed data, best.json, the folder of weights), and the cache, which has features in `features`."""

    packed: Path
    best: Path
    weights: Path
    cache: Path
