"""The files of a trained model, in models/NAME/: their names, what they hold, and how they are written and read.

model.keras, classes.json (the input spec: the classes, and how an image becomes an input), history.csv (one row per
epoch), run.json (how the model was trained, the key of its run, the versions of the libraries) and MANIFEST.json (the
SHA-256 of each file). A network that trained on augmented images has augmented.png, a sample of them, and one with a
dense layer has reference.npz, by which it tells unknown images, and held_out.npz, with which new images are compared
(`novelty`). The champion has two files more: promotion.json, why it is champion, and calibration.json, its temperature
(`inference.scaling`). The same training writes the same bytes again: no file contains a time.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NotRequired, TypedDict

from darkroom.runtime import files, sealing
from darkroom.saving import keras_file

if TYPE_CHECKING:
    import keras

MODEL, CLASSES, HISTORY, RUN = "model.keras", "classes.json", "history.csv", "run.json"


DECODING = ("image_size", "color", "fit", "levels")  # the keys of an input spec that decide what an image looks like


class InputSpec(TypedDict):
    """classes.json. `normalise` and what belongs to it are applied by the model itself."""

    classes: list[str]
    image_size: int  # pixels
    color: Literal["rgb", "grayscale", "binary"]
    fit: Literal["stretch", "crop", "pad", "nearest"]
    max_pixels: int
    levels: NotRequired[dict[str, object]]  # the fields of `decoding.levels.Levels`; absent: its defaults
    normalise: NotRequired[str]
    mean: NotRequired[list[float]]
    deviation: NotRequired[list[float]]


class HistoryRow(TypedDict):
    """A row of history.csv."""

    epoch: int  # from 1
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float


class TrainingFacts(TypedDict):
    """What the code that trained a model knows about it."""

    name: str
    architecture: str
    pretrained: bool | None  # None: not a backbone
    params: dict[str, object]  # of params.yaml, by dotted names
    run: str  # the key of its run
    versions: dict[str, str]
    multiply_adds: int  # for one image
    best_epoch: int  # the epoch whose weights the model has
    weights: NotRequired[dict[str, str] | None]  # of a backbone: `source` and `sha256`
    head: NotRequired[dict[str, object]]
    fine_tuned: NotRequired[bool]
    taken_over: NotRequired[Mapping[str, object] | None]  # from the champion, see `training.start_weights.TakenOver`


class RunFacts(TrainingFacts):
    """run.json."""

    parameters: int
    epochs: int


def write(
    folder: Path,
    model: "keras.Model",
    history: Sequence[Mapping[str, float]],
    *,
    spec: Mapping[str, object],
    facts: TrainingFacts,
    extra_files: Mapping[str, bytes] | None = None,
) -> None:
    """Save `model`, its `history` (the columns of HistoryRow), its input spec and its facts.

    `extra_files` maps names to contents. Raises ValueError for a model that computes in mixed precision: saved models
    compute in float32, so that they predict alike everywhere (`device.in_float32`).
    """
    if "mixed_" in json.dumps(model.get_config()):
        raise ValueError("a model is saved in float32, this one computes in mixed precision")
    columns = list(HistoryRow.__annotations__)
    contents: RunFacts = {**facts, "parameters": model.count_params(), "epochs": len(history)}
    with files.replacing(folder) as partial:
        partial.mkdir(parents=True)
        model.save(partial / MODEL)
        keras_file.make_repeatable(partial / MODEL)
        files.write_json(partial / CLASSES, spec)
        files.write_rows(partial / HISTORY, columns, ({column: row[column] for column in columns} for row in history))
        files.write_json(partial / RUN, contents)
        for name, data in (extra_files or {}).items():
            (partial / name).write_bytes(data)
        sealing.seal(partial)


def read_facts(folder: Path) -> RunFacts:
    """run.json. Models of earlier releases lack `multiply_adds`. Raises ArtifactError (exit 4) when it is unusable."""
    return files.read_json(folder / RUN)


def read_history(folder: Path) -> list[HistoryRow]:
    """history.csv. Raises ArtifactError (exit 4) when it is missing or is no table."""
    return [_history_row(row) for row in files.read_rows(folder / HISTORY)]


def read_spec(folder: Path) -> InputSpec:
    """classes.json as it is; `inference.load` checks it. Raises ArtifactError (exit 4) when it is no JSON object."""
    spec: InputSpec = files.read_object(folder / CLASSES)  # type: ignore[assignment]  # checked by inference.load
    return spec


def _history_row(row: Mapping[str, str]) -> HistoryRow:
    return {
        "epoch": int(row["epoch"]),
        "loss": float(row["loss"]),
        "accuracy": float(row["accuracy"]),
        "val_loss": float(row["val_loss"]),
        "val_accuracy": float(row["val_accuracy"]),
    }
