"""Correct labels without touching the raw data: copy the images and write a table with the new labels beside them.

The current splits are written to the table, so that a model trained on the new labels is tested on the same images.
The price: the images are on disk twice.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from darkroom.formats import names
from darkroom.manifest import GIVEN
from darkroom.runtime import files
from darkroom.runtime.errors import DataError, printable

TABLE = "labels.csv"
REQUIRED = {"path", "label", "suggested"}

Row = Mapping[str, Any]  # of a CSV file


def write(issues: Sequence[Row], manifest: Sequence[Row], images: Path, target: Path) -> int:
    """Write a data set to the folder `target`, with the suggested labels applied; return the number of suggestions.

    `issues` has the columns path, label and suggested; rows without a suggestion are ignored. Raises DataError (exit 3)
    when a column is missing, or when an image is not in `manifest` or has another label there: then the list belongs
    to another data set.
    """
    if issues and not REQUIRED <= issues[0].keys():
        what = f"the list has the columns {', '.join(map(str, issues[0]))}, expected {', '.join(sorted(REQUIRED))}"
        raise DataError("E_RELABEL", printable(what), where=images, fix="save it as CSV with commas and its header")
    suggested = {names.normal(row["path"]): row for row in issues if row["suggested"]}
    labels = {names.normal(row["path"]): row["label"] for row in manifest}
    unknown = [path for path, row in suggested.items() if labels.get(path) != names.composed(row["label"])]
    if unknown:
        what = f"{len(unknown)} rows do not belong to these images, the first is {unknown[0]}"
        raise DataError("E_RELABEL", what, where=images, fix="run `dvc repro`, then review the new list")
    rows = [{column: row.get(column, "") for column in GIVEN} for row in manifest]
    for row in rows:
        if issue := suggested.get(names.normal(row["path"])):
            row["label"] = names.composed(issue["suggested"])
    with files.replacing(target) as partial:
        for row in rows:
            copy = partial / row["path"]
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(images / row["path"], copy)
        files.write_verbatim(partial / TABLE, GIVEN, rows)  # ingest reads it like any table
    return len(suggested)
