"""best.json: what a search found, and what the network is trained with."""

from pathlib import Path
from typing import Any, NotRequired, TypedDict

from darkroom.params import Model
from darkroom.runtime import files

NAME = "cnn"  # the model folder of the tuned network, whatever its architecture


class Tuned(TypedDict):
    """The best trial of a search; without a search (algorithm `none`) the model of params.yaml."""

    algorithm: str
    trial: int | None  # its number, from 0; None without a search
    val_loss: NotRequired[float]
    val_accuracy: NotRequired[float]
    values: dict[str, Any]  # of every hyperparameter of `params.Model`


def write(path: Path, tuned: Tuned) -> None:
    files.write_json(path, tuned)


def hyperparameters(path: Path) -> Model:
    """Read the hyperparameters. Raises ArtifactError (exit 4) when the file is missing or damaged."""
    return Model.model_validate(files.read_object(path)["values"])
