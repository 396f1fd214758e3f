"""A trained model as a folder that says what it is: models/NAME/.

model.keras, classes.json (the classes, and how a picture becomes its input), history.csv (a row an epoch),
run.json (what it was made of, and its run in MLflow) and MANIFEST.json (a SHA-256 of each).
"""

from pathlib import Path

import keras

from darkroom import files
from darkroom.learning.fit import Row, best

COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy")


def write(folder: Path, model: keras.Model, rows: list[Row], *, spec: dict, facts: dict) -> None:
    """Save `model` with its history (a row an epoch), its input `spec` and the `facts` of its making."""
    with files.replacing(folder) as partial:
        partial.mkdir(parents=True)
        model.save(partial / "model.keras")
        files.write_json(partial / "classes.json", spec)
        files.write_rows(partial / "history.csv", COLUMNS, ({key: row[key] for key in COLUMNS} for row in rows))
        made = {"parameters": model.count_params(), "epochs": len(rows), "best_epoch": int(best(rows)["epoch"])}
        files.write_json(partial / "run.json", {**facts, **made})
        files.seal(partial)
