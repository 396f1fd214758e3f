"""data/repeats.csv: what models that were trained again predict. `repeat` writes it, `compare` reads it.

Columns: row (of the packed test arrays), and one for each training, named MODEL SEED, with the number of the class.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from darkroom.runtime import files


class Training(NamedTuple):
    model: str
    seed: int

    def __str__(self) -> str:
        return f"{self.model} {self.seed}"


def write(path: Path, predicted: Mapping[Training, np.ndarray]) -> None:
    """Write the classes int64 `(n,)` of the test images that each training predicts; there may be no training."""
    columns = [str(training) for training in predicted]
    rows = zip(*predicted.values(), strict=True)
    numbered = ({"row": i, **dict(zip(columns, row, strict=True))} for i, row in enumerate(rows))
    files.write_rows(path, ["row", *columns], numbered)


def read(path: Path) -> dict[str, list[np.ndarray]]:
    """Return the predicted classes int64 `(n,)` of each training, by model.

    Raises ArtifactError (exit 4) when the file is missing or is no such table.
    """
    rows = files.read_rows(path)
    predicted: dict[str, list[np.ndarray]] = {}
    for column in [column for column in (rows[0] if rows else ()) if column != "row"]:
        predicted.setdefault(column.split(" ")[0], []).append(np.array([int(row[column]) for row in rows]))
    return predicted
