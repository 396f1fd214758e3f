"""Every prediction, a row a model and test picture, leading back to the file.

Columns: model, row (of the packed test arrays), path, label, predicted, and p_CLASS for each class.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from darkroom import files
from darkroom.errors import ArtifactError

DIGITS = 6  # of a probability: what a float32 network can mean, and git can keep


def write(
    path: Path,
    classes: Sequence[str],
    pictures: Sequence[str],
    labels: np.ndarray,
    probabilities: Mapping[str, np.ndarray],
) -> None:
    """`pictures` n paths, `labels` int64 `(n,)`, `probabilities` float32 `(n, k)` for each model."""
    rows = (
        {"model": name, "row": i, "path": pictures[i], "label": classes[labels[i]], "predicted": classes[row.argmax()]}
        | {f"p_{c}": round(float(p), DIGITS) for c, p in zip(classes, row, strict=True)}
        for name, found in probabilities.items()
        for i, row in enumerate(found)
    )
    files.write_rows(path, ["model", "row", "path", "label", "predicted", *(f"p_{c}" for c in classes)], rows)


def read(path: Path) -> tuple[tuple[str, ...], np.ndarray, dict[str, np.ndarray]]:
    """The classes, the labels int64 `(n,)`, and each model's predictions int64 `(n,)`.

    Raises ArtifactError (exit 4) when the models were not judged on the same pictures.
    """
    rows = files.read_rows(path)
    classes = tuple(column.removeprefix("p_") for column in rows[0] if column.startswith("p_")) if rows else ()
    number = {name: i for i, name in enumerate(classes)}
    seen: dict[str, list[tuple[str, int, int]]] = {}
    for row in rows:
        seen.setdefault(row["model"], []).append((row["path"], number[row["label"]], number[row["predicted"]]))
    tests = {tuple((picture, label) for picture, label, _ in found) for found in seen.values()}
    if len(tests) != 1:
        raise ArtifactError("E_PREDICTIONS", "the models saw different pictures", where=path, fix="run `dvc repro`")
    labels = np.array([label for _, label in tests.pop()])
    return classes, labels, {name: np.array([p for *_, p in found]) for name, found in seen.items()}
