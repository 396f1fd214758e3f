"""What a training works with beside its network and its configuration: the images, and where and how this run goes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from darkroom import packed_data
from darkroom.packed_data import Split

Row = dict[str, float]  # of one epoch: epoch (from 1), loss, accuracy, val_loss, val_accuracy
OnEpoch = Callable[[int, Row], None]


def ignore(epoch: int, row: Row) -> None:
    """The callback of a training that nobody watches."""


class TrainingData(NamedTuple):
    """The two splits that a training sees; in place of images they may hold features float32 `(n, d)`."""

    train: Split
    val: Split

    @classmethod
    def read(cls, folder: Path) -> "TrainingData":
        """Read packed data. Raises ArtifactError (exit 4) when the folder is damaged."""
        packed = packed_data.read(folder)
        return cls(packed.split("train"), packed.split("val"))


@dataclass(frozen=True)
class Session:
    """One run of a training: all its random draws follow from `seed`, and it resumes from the folder `state`.

    `on_epoch(epoch, row)` is called once the state of each epoch is on disk, while the next one trains and in another
    thread; what it raises ends the training. With `until` the run stops after so many epochs, amid a
    schedule made for more; run again with a larger `until`, it goes on as if it had never stopped. A `quiet`
    one prints nothing.
    """

    seed: int
    state: Path
    on_epoch: OnEpoch = ignore
    until: int | None = None
    quiet: bool = False

    def within(self, name: str) -> "Session":
        """The same with a folder of its own inside `state`."""
        return replace(self, state=self.state / name)
