"""Change labels without touching the raw data: copy the images and write a table with the new labels beside them.

The labels are those that a list of label issues suggests, or those that people gave to new images (`new_images`).
The current splits are written to the table, so that a model trained on the new labels is tested on the same images.
A plain folder, which a person can go through. The price: the images are on disk twice.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from darkroom.commands import new_images
from darkroom.commands.new_images import SPLIT, Changes
from darkroom.formats import names
from darkroom.image_store import reading
from darkroom.image_store.reading import ImageStore
from darkroom.labelling import label_files
from darkroom.manifest import GIVEN, classes
from darkroom.runtime import files
from darkroom.runtime.errors import DataError, printable

TABLE = "labels.csv"
REQUIRED = {"path", "label", "suggested"}
LONGEST = 1 << 16  # bytes of a header

Row = Mapping[str, Any]  # of a CSV file
Suggestions = Mapping[str, str]  # the new label, by path


class Places(NamedTuple):
    """Where a project keeps its data, and where new images are."""

    manifest: Path
    images: Path
    predictions: Path
    new_images: Path


def relabel(source: Path, places: Places, splits: Collection[str], target: Path) -> Iterator[str]:
    """Write the data with the labels of the list `source` to the folder `target`, and say what that changes.

    Only images of `splits` are relabelled. Raises DataError (exit 3) for a list that cannot be used, ArtifactError
    (exit 4) when it is missing, or the data of the project are.
    """
    manifest = files.read_rows(places.manifest)
    if _is_label_issues(source):
        changed, words = Changes(suggestions(files.read_rows(source), manifest, splits, source), []), ""
    else:
        labels = label_files.read(source)
        changed = new_images.sort(labels, source, places.new_images, manifest).within(splits, manifest)
        words = new_images.in_words(changed, labels.unlabelled, classes(manifest))
    write(changed, manifest, reading.open_store(places.images), target)
    said = ", ".join(filter(None, (words, changes(changed.relabelled, manifest))))
    yield f"{target}: {said}; set dataset.archive to it in params.yaml, then `dvc repro`"
    yield from accuracy_changes(changed.relabelled, files.read_tables(places.predictions))


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


def write(changed: Changes, manifest: Sequence[Row], store: ImageStore, target: Path) -> None:
    """Write a data set to the folder `target`: all images of `manifest`, and what is `changed` of them."""
    rows = [{column: row.get(column, "") for column in GIVEN} for row in manifest]
    for row in rows:
        row["label"] = changed.relabelled.get(row["path"], row["label"])
    added_rows = [{"path": image.path, "label": image.label, "split": SPLIT, "group": ""} for image in changed.added]
    with files.replacing(target) as partial:
        for row in rows:
            _write(partial / row["path"], store.read(row["path"]))
        for image in changed.added:
            _write(partial / image.path, image.file.read_bytes())
        files.write_verbatim(partial / TABLE, GIVEN, rows + added_rows)  # ingest reads it like any table


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


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _is_label_issues(path: Path) -> bool:
    """Whether the file is a list of label issues, and not one of labels that people gave; one that is missing is."""
    if not path.exists():
        return True
    with path.open("rb") as file:
        return b"suggested" in file.readline(LONGEST)


def _before_and_after(new: Suggestions, rows: Sequence[Row]) -> str:
    before = sum(row["predicted"] == row["label"] for row in rows) / len(rows)
    after = sum(row["predicted"] == new.get(row["path"], row["label"]) for row in rows) / len(rows)
    return f"{before:.4f} with the old labels, {after:.4f} with the new ones"


def _same_label(issue: Row, image: Row | None) -> bool:
    return image is not None and image["label"] == names.composed(issue["label"])
