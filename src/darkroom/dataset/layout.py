"""Sort the files of a data set: images with a label, images without one, and other files.

Labels and splits come from tables beside the images (`label_tables`), else from folder names (`folders`). What is
left out is reported: one sentence for each kind of it.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from darkroom.dataset import folders
from darkroom.formats import annotations, label_tables, names, visual
from darkroom.formats.label_tables import LabelledImage
from darkroom.image_store.reading import ImageStore
from darkroom.runtime.errors import DataError, printable
from darkroom.table.computed import Computed
from darkroom.table.rows import Rows

FEW = 2  # images that make a folder look like a class
SHOWN = 3  # folders that a sentence names

Parts = tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """Paths as the store has them."""

    images: Sequence[LabelledImage]  # sorted by path
    unlabelled: tuple[str, ...]  # images
    other_files: tuple[str, ...]  # files that are no images by name
    notes: tuple[str, ...] = ()  # what a person should know about them, one sentence each


def read(store: ImageStore) -> Layout:
    """Raises DataError (exit 3) when neither a table nor the folders tell every image's class."""
    paths = sorted(map(_parts, store.paths))
    others = [parts for parts in paths if names.is_other_file(parts[-1])]
    images = sorted(set(paths).difference(others))
    _check_other_files(store, others, images)
    tables = annotations.find(store, others, images)
    loaded = annotations.load(store, tables)
    labelled, notes = _by_tables(loaded, images) if loaded else (folders.read(images), [])
    others = [parts for parts in others if parts not in tables]
    with_label = {image.path for image in labelled}
    unlabelled = [parts for parts in images if "/".join(parts) not in with_label]
    notes += [*_unlabelled_notes(unlabelled, len(images)), *_other_notes(store, others, len(paths))]
    return Layout(_packed(labelled), _joined(unlabelled), _joined(others), tuple(notes))


def _parts(path: str) -> Parts:
    """The names in a path; one "cats" for all cats."""
    *parents, name = path.split("/")
    return (*map(sys.intern, parents), name)


def _packed(labelled: Iterable[LabelledImage]) -> Sequence[LabelledImage]:
    """The same, sorted, in a tenth of the memory."""
    rows = Rows.gather(image._asdict() for image in sorted(labelled))
    return Computed(len(rows), lambda number: LabelledImage(**rows[number]))


def _by_tables(tables: Sequence[label_tables.Table], images: Sequence[Parts]) -> tuple[list[LabelledImage], list[str]]:
    labelled, notes = _with_splits_of_folders(label_tables.read(tables, _joined(images)))
    folders.check_classes(labelled)
    return labelled, [*map(_source, tables), *notes]


def _source(table: label_tables.Table) -> str:
    unused = f"; columns not used: {', '.join(filter(None, table.unused))}" if any(table.unused) else ""
    return f"{table.name} has the labels of {len(table.rows)} rows{unused}"


def _with_splits_of_folders(labelled: list[LabelledImage]) -> tuple[list[LabelledImage], list[str]]:
    """Where tables leave every split open, folders called train and test decide; and a sentence about it."""
    root = names.common_root(image.path.split("/") for image in labelled)
    inner = [image.path.split("/")[len(root) :] for image in labelled]
    if any(image.split for image in labelled) or not (splits := folders.splits(inner)):
        return labelled, []
    reason = "the table has no column split"
    if "train" not in splits.values() or not all(parts[0] in splits for parts in inner):
        why = "some images lie elsewhere, or none lie in one for training"
        return labelled, [f"{reason}, and the folders {', '.join(splits)} are not taken for splits: {why}"]
    meanings = ", ".join(f"{folder} is {split}" for folder, split in splits.items())
    images = [image._replace(split=splits[parts[0]]) for image, parts in zip(labelled, inner, strict=True)]
    return images, [f"{reason}, so the folders decide: {meanings}"]


def _unlabelled_notes(unlabelled: Sequence[Parts], total: int) -> list[str]:
    counts = Counter("/".join(parts[:-1]) or "the top folder" for parts in unlabelled)
    more = f" and in {len(counts) - SHOWN} more folders" if len(counts) > SHOWN else ""
    where = ", ".join(f"{count} in {folder}" for folder, count in counts.most_common(SHOWN)) + more
    note = f"{len(unlabelled)} of {total} images have no label and are left out: {where}"
    return [note] if unlabelled else []


def _other_notes(store: ImageStore, others: Sequence[Parts], total: int) -> list[str]:
    images = [parts[-1] for parts in others if visual.format_of(store, "/".join(parts)) in visual.USABLE]
    notes = []
    if others:
        kinds = names.kinds(parts[-1] for parts in others)
        notes.append(f"{len(others)} of {total} files are no images by their names and are left out: {kinds}")
    if images:
        kinds = names.kinds(images)
        notes.append(f"{len(images)} of the files left out hold images under other names ({kinds}): rename them")
    return notes


def _check_other_files(store: ImageStore, others: Sequence[Parts], images: Sequence[Parts]) -> None:
    """A class whose images all have names of other things, or are videos, would vanish. Raises DataError."""
    with_images = {parts[:-1] for parts in images}
    alone = [parts for parts in others if parts[:-1] and parts[:-1] not in with_images]
    lost = [parts for parts in alone if visual.format_of(store, "/".join(parts))]
    for parent, count in sorted(Counter(parts[:-1] for parts in lost).items()):
        if count >= FEW:
            name = printable("/".join(parent))
            kinds = names.kinds(parts[-1] for parts in lost if parts[:-1] == parent)
            what = f"folder {name!r} holds images or films, none under the name of an image ({kinds})"
            fix = "convert or rename them to .png or .jpg if it is a class, else remove it"
            raise DataError("E_LAYOUT", what, where=name, fix=fix)


def _joined(paths: Iterable[Parts]) -> tuple[str, ...]:
    return tuple("/".join(parts) for parts in paths)
