"""Every prediction as a table: one file per model and one row per test image, leading back to the image.

Columns: row (of the packed test arrays), path, cluster (see `metrics.design`), label, predicted, and p_CLASS for each
class.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from darkroom.metrics import design
from darkroom.metrics.design import Design
from darkroom.metrics.sample import Predictions
from darkroom.runtime import files
from darkroom.runtime.errors import ArtifactError

DIGITS = 6  # of a probability: what a float32 network can mean; the files are kept in git


class PredictedClasses(NamedTuple):
    """What every model predicted for the same test images."""

    classes: tuple[str, ...]  # k
    labels: np.ndarray  # int64 (n,)
    predicted: dict[str, np.ndarray]  # int64 (n,) by model
    design: Design


def rows(classes: Sequence[str], paths: Sequence[str], predictions: Predictions) -> list[dict[str, Any]]:
    """Make one row per image, of n `paths`."""
    names = np.array(classes, object)
    labels, predicted = names[predictions.labels], names[predictions.predicted]
    clusters = predictions.design.clusters.tolist()
    return [
        {"row": i, "path": paths[i], "cluster": clusters[i], "label": labels[i], "predicted": predicted[i]}
        | {f"p_{name}": round(float(p), DIGITS) for name, p in zip(classes, row, strict=True)}
        for i, row in enumerate(predictions.probabilities)
    ]


def read(folder: Path, test_set: Path) -> PredictedClasses:
    """Read the table of each model in `folder`, and `test_set`, the file that says how the images were drawn.

    Raises ArtifactError (exit 4) when the models were not evaluated on the same images.
    """
    tables = files.read_tables(folder)
    tests = {tuple((row["path"], row["cluster"], row["label"]) for row in table) for table in tables.values()}
    if len(tests) != 1 or not all(tables.values()):
        raise ArtifactError("E_PREDICTIONS", "the models saw different images", where=folder, fix="run `dvc repro`")
    first = next(iter(tables.values()))
    classes = tuple(column.removeprefix("p_") for column in first[0] if column.startswith("p_"))
    number = {name: i for i, name in enumerate(classes)}
    predicted = {name: np.array([number[row["predicted"]] for row in table]) for name, table in tables.items()}
    clusters = np.array([int(row["cluster"]) for row in first])
    drawn = Design(clusters, given=design.read_test_set(test_set)["given"])
    return PredictedClasses(classes, np.array([number[row["label"]] for row in first]), predicted, drawn)
