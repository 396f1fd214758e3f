"""Put labels right without touching the raw data: a copy of the images beside a table of their labels.

The sides are written down as they are, so that a model trained on the new labels is judged on the same images.
The price: the images lie on the disk twice.
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from darkroom.formats import names
from darkroom.runtime import files
from darkroom.runtime.errors import DataError, printable

TABLE = "labels.csv"
NEEDED = {"path", "label", "suggested"}
COLUMNS = "path", "label", "split", "group"


def write(doubtful: Sequence[Mapping], manifest: Sequence[Mapping], images: Path, target: Path) -> int:
    """Make `target` a folder that ingest reads, with the suggestions of `doubtful` in place; how many there were.

    `doubtful` has the columns path, label and suggested; a row without a suggestion is left alone. Raises DataError
    (exit 3) when it lacks a column, or names an image that `manifest` has not or has with another label: then it is
    of another data set.
    """
    if doubtful and not NEEDED <= doubtful[0].keys():
        what = f"the list has the columns {', '.join(map(str, doubtful[0]))}, expected {', '.join(sorted(NEEDED))}"
        raise DataError("E_RELABEL", printable(what), where=images, fix="save it as CSV with commas and its header")
    suggested = {names.normal(row["path"]): row for row in doubtful if row["suggested"]}
    known = {names.normal(row["path"]): row["label"] for row in manifest}
    strange = [path for path, row in suggested.items() if known.get(path) != names.composed(row["label"])]
    if strange:
        what = f"{len(strange)} rows are not of these images, the first is {strange[0]}"
        fix = "run `dvc repro`, then look at reports/evaluation/label_issues.csv again"
        raise DataError("E_RELABEL", what, where=images, fix=fix)
    rows = [{column: row.get(column, "") for column in COLUMNS} for row in manifest]
    for row in rows:
        if found := suggested.get(names.normal(row["path"])):
            row["label"] = names.composed(found["suggested"])
    with files.replacing(target) as partial:
        for row in rows:
            place = partial / row["path"]
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(images / row["path"], place)
        files.write_verbatim(partial / TABLE, COLUMNS, rows)  # ingest reads it, as it reads any table
    return len(suggested)
