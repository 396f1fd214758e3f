"""Sort the files of a data set: images with a label, images without one, and other files.

Labels and splits come from tables beside the images (`label_tables`), else from folder names (`folders`). What is
left out is reported: one sentence for each kind of it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from darkroom.dataset import folders
from darkroom.dataset.labelled_images import LabelledImages
from darkroom.formats import annotations, label_tables, names, visual
from darkroom.formats.label_tables import LabelledImage
from darkroom.image_store.reading import ImageStore
from darkroom.runtime.errors import DataError, printable
from darkroom.table.rows import Values

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
    is_other = np.fromiter((names.is_other_file(path.rpartition("/")[2]) for path in store.paths), bool)
    others = sorted(map(_parts, store.paths.where(is_other)))
    images = _Paths(store.paths.where(~is_other))
    _check_other_files(store, others, images)
    tables = annotations.find(store, others, images)
    loaded = annotations.load(store, tables)
    labelled, notes = _by_tables(loaded, images) if loaded else (folders.read(images), [])
    others = [parts for parts in others if parts not in tables]
    unlabelled = sorted(_unlabelled(images, labelled))
    notes += [*_unlabelled_notes(unlabelled, len(images)), *_other_notes(store, others, len(store.paths))]
    return Layout(labelled, _joined(unlabelled), _joined(others), tuple(notes))


class _Paths(Sequence[Parts]):
    """Paths, each divided into its parts when it is asked for. They are sorted as texts."""

    def __init__(self, texts: Values):
        self.texts = texts

    def __len__(self) -> int:
        return len(self.texts)

    @overload
    def __getitem__(self, number: int) -> Parts: ...
    @overload
    def __getitem__(self, number: slice) -> list[Parts]: ...
    def __getitem__(self, number: int | slice) -> Parts | list[Parts]:
        return [*map(_parts, self.texts[number])] if isinstance(number, slice) else _parts(self.texts[number])

    def __iter__(self) -> Iterator[Parts]:
        return map(_parts, self.texts)


def _parts(path: str) -> Parts:
    return tuple(path.split("/"))


def _unlabelled(images: _Paths, labelled: Iterable[LabelledImage]) -> Iterator[Parts]:
    """The images that are not among the labelled ones; both are sorted by path."""
    rest = (image.path for image in labelled)
    label = next(rest, None)
    for path in images.texts:
        if path != label:
            yield _parts(path)
        while label is not None and label <= path:
            label = next(rest, None)


def _by_tables(tables: Sequence[label_tables.Table], images: _Paths) -> tuple[LabelledImages, list[str]]:
    listed, notes = _with_splits_of_folders(label_tables.read(tables, tuple(images.texts)))
    labelled = LabelledImages(sorted(listed))
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


def _check_other_files(store: ImageStore, others: Sequence[Parts], images: Iterable[Parts]) -> None:
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
