"""Every prediction, a file a model and a row a test image, leading back to the image.

Columns: row (of the packed test arrays), path, label, predicted, and p_CLASS for each class.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from darkroom.runtime import files
from darkroom.runtime.errors import ArtifactError

DIGITS = 6  # of a probability: what a float32 network can mean, and git can keep


def rows(classes: Sequence[str], images: Sequence[str], labels: np.ndarray, found: np.ndarray) -> list[dict]:
    """A row an image, of n `images`, `labels` int64 `(n,)` and probabilities `found` float32 `(n, k)`."""
    return [
        {"row": i, "path": images[i], "label": classes[labels[i]], "predicted": classes[row.argmax()]}
        | {f"p_{name}": round(float(p), DIGITS) for name, p in zip(classes, row, strict=True)}
        for i, row in enumerate(found)
    ]


def read(folder: Path) -> tuple[tuple[str, ...], np.ndarray, dict[str, np.ndarray]]:
    """The classes, the labels int64 `(n,)`, and each model's predictions int64 `(n,)`.

    Raises ArtifactError (exit 4) when the models were not judged on the same images.
    """
    tables = files.read_tables(folder)
    tests = {tuple((row["path"], row["label"]) for row in table) for table in tables.values()}
    if len(tests) != 1 or not all(tables.values()):
        raise ArtifactError("E_PREDICTIONS", "the models saw different images", where=folder, fix="run `dvc repro`")
    first = next(iter(tables.values()))
    classes = tuple(column.removeprefix("p_") for column in first[0] if column.startswith("p_"))
    number = {name: i for i, name in enumerate(classes)}
    found = {name: np.array([number[row["predicted"]] for row in table]) for name, table in tables.items()}
    return classes, np.array([number[row["label"]] for row in first]), found
