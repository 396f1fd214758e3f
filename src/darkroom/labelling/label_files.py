"""The three kinds of files that hold labels: a table of ours, an export of Label Studio, and one of CVAT."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from darkroom import sniff
from darkroom.formats import label_tables, names
from darkroom.labelling import cvat, label_studio, labels
from darkroom.labelling.labels import Labels
from darkroom.labelling.suggestion import Suggestion
from darkroom.runtime import cells, files

Format = Literal["csv", "label-studio", "cvat"]

FORMATS: tuple[Format, ...] = get_args(Format)
SUFFIXES: dict[Format, str] = {"csv": ".csv", "label-studio": ".json", "cvat": ".xml"}
COLUMNS = ("path", "label", "predicted", "confidence", "margin")  # label is empty, for a person to fill in


def write(path: Path, form: Format, suggestions: Sequence[Suggestion], model: str, classes: Sequence[str]) -> None:
    """Write the list in a format; `model` is the digest of the model that predicted, `classes` are its classes."""
    if form == "label-studio":
        files.write_json(path, label_studio.tasks(suggestions, model))
    elif form == "cvat":
        files.write_text(path, cvat.document(suggestions, classes).decode())
    else:
        rows = ({name: each._asdict().get(name, "") for name in COLUMNS} for each in suggestions)
        files.write_rows(path, COLUMNS, rows)


def read(path: Path) -> Labels:
    """Read the labels that people gave, whatever the name of the file.

    Raises DataError (exit 3) when it is none of the three kinds, or when an image has several labels.
    """
    data = labels.contents(path)
    kind = sniff.kind(data)
    if kind == "JSON":
        return label_studio.read(data, path)
    return cvat.read(data, path) if kind == "XML" else _read_table(data, path)


def _read_table(data: bytes, path: Path) -> Labels:
    rows = label_tables.load(path.name, data).rows
    pairs = ((cells.original(row["path"]), names.composed(cells.original(row["label"]).strip())) for row in rows)
    return labels.collect(((name, {label} if label else set()) for name, label in pairs), path)
