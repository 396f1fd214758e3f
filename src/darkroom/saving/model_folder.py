"""A trained model as a folder that says what it is: models/NAME/.

model.keras, classes.json (the classes, and how an image becomes its input), history.csv (a row an epoch), run.json
(what it was made of, the key of its run, and the versions that made it) and MANIFEST.json (a SHA-256 of each). A
network that learned from changed images has augmented.png, some of them. The same training writes the same bytes
again: nothing in the folder knows what time it is.
"""

from collections.abc import Mapping
from pathlib import Path

import keras

from darkroom.runtime import files, sealing
from darkroom.saving import keras_file
from darkroom.training import device
from darkroom.training.fit import Row

COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy")


def write(
    folder: Path,
    model: keras.Model,
    rows: list[Row],
    *,
    kept: Row,
    spec: dict,
    facts: dict,
    beside: Mapping[str, bytes] | None = None,
) -> None:
    """Save `model` with its history, the row `kept` whose weights it has, its `spec`, and `facts` of its making.

    `beside` are further files by their names.
    """
    with files.replacing(folder) as partial:
        partial.mkdir(parents=True)
        device.in_float32(model).save(partial / "model.keras")
        keras_file.make_repeatable(partial / "model.keras")
        files.write_json(partial / "classes.json", spec)
        files.write_rows(partial / "history.csv", COLUMNS, ({key: row[key] for key in COLUMNS} for row in rows))
        made = {"parameters": model.count_params(), "epochs": len(rows), "best_epoch": int(kept["epoch"])}
        files.write_json(partial / "run.json", {**facts, **made})
        for name, contents in (beside or {}).items():
            (partial / name).write_bytes(contents)
        sealing.seal(partial)
