"""Correct labels without touching the raw data: copy the images and write a table with the new labels beside them.

The current splits are written to the table, so that a model trained on the new labels is tested on the same images.
A plain folder, which a person can go through. The price: the images are on disk twice.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from darkroom.formats import names
from darkroom.image_store.reading import ImageStore
from darkroom.manifest import GIVEN
from darkroom.runtime import files
from darkroom.runtime.errors import DataError, printable

TABLE = "labels.csv"
REQUIRED = {"path", "label", "suggested"}

Row = Mapping[str, Any]  # of a CSV file
Suggestions = Mapping[str, str]  # the new label, by path


def suggestions(
    issues: Sequence[Row], manifest: Sequence[Row], splits: Collection[str], source: Path
) -> dict[str, str]:
    """Return the labels that the list `issues`, which was read from `source`, suggests for images of `splits`.

    `issues` has the columns path, label and suggested; rows without a suggestion are ignored. The split is that of the
    manifest. Raises DataError (exit 3) when a column is missing, or when an image is not in `manifest` or has another
    label there: then the list belongs to another data set.
    """
    if issues and not REQUIRED <= issues[0].keys():
        what = f"the list has the columns {', '.join(map(str, issues[0]))}, expected {', '.join(sorted(REQUIRED))}"
        raise DataError("E_RELABEL", printable(what), where=source, fix="save it as CSV with commas and its header")
    listed = {names.normal(row["path"]): row for row in issues if row["suggested"]}
    images = {names.normal(row["path"]): row for row in manifest}
    unknown = [path for path, row in listed.items() if not _same_label(row, images.get(path))]
    if unknown:
        what = f"{len(unknown)} rows do not belong to these images, the first is {unknown[0]}"
        raise DataError("E_RELABEL", what, where=source, fix="run `dvc repro`, then review the new list")
    wanted = {path: row for path, row in listed.items() if images[path]["split"] in splits}
    return {images[path]["path"]: names.composed(row["suggested"]) for path, row in wanted.items()}


def write(new: Suggestions, manifest: Sequence[Row], store: ImageStore, target: Path) -> None:
    """Write a data set to the folder `target`: all images of `manifest`, those in `new` with their new labels."""
    rows = [{column: row.get(column, "") for column in GIVEN} for row in manifest]
    for row in rows:
        row["label"] = new.get(row["path"], row["label"])
    with files.replacing(target) as partial:
        for row in rows:
            copy = partial / row["path"]
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(store.read(row["path"]))
        files.write_verbatim(partial / TABLE, GIVEN, rows)  # ingest reads it like any table


def changes(new: Suggestions, manifest: Sequence[Row]) -> str:
    """Say how many labels of which split change."""
    counts = Counter(row["split"] for row in manifest if new.get(row["path"], row["label"]) != row["label"])
    return f"{counts.total()} labels changed ({', '.join(f'{counts[split]} {split}' for split in names.SPLITS)})"


def accuracy_changes(new: Suggestions, predictions: Mapping[str, Sequence[Row]]) -> list[str]:
    """Say what the new labels of test images do to the accuracy of each evaluated model, and what that is worth.

    `predictions` are the rows path, label and predicted of all test images by model. Empty where no test label changes.
    """
    tested = {row["path"] for rows in predictions.values() for row in rows}
    if not tested & new.keys():
        return []
    lines = [f"accuracy of {model} on test: {_before_and_after(new, rows)}" for model, rows in predictions.items()]
    return [*lines, "part of a gain is the opinion of a model that errs as they do: judge them on new test images"]


def _before_and_after(new: Suggestions, rows: Sequence[Row]) -> str:
    before = sum(row["predicted"] == row["label"] for row in rows) / len(rows)
    after = sum(row["predicted"] == new.get(row["path"], row["label"]) for row in rows) / len(rows)
    return f"{before:.4f} with the old labels, {after:.4f} with the new ones"


def _same_label(issue: Row, image: Row | None) -> bool:
    return image is not None and image["label"] == names.composed(issue["label"])
