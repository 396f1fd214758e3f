"""Say of every file of a data set what it is: an image with a label, one without, or no image.

Labels and splits come from tables beside the images (`tables`), else from folder names (`folders`). What is left out
is said: a sentence for each kind of it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from darkroom.dataset import folders
from darkroom.formats import annotations, label_tables, names, visual
from darkroom.formats.label_tables import LabelledImage
from darkroom.runtime import files
from darkroom.runtime.errors import DataError, printable

FEW = 2  # images that make a folder look like a class
SHOWN = 3  # folders that a sentence names

Parts = tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """Paths relative to the folder, with slashes."""

    images: tuple[LabelledImage, ...]
    aside: tuple[str, ...]  # images without a label
    strays: tuple[str, ...]  # files that are no images by name
    notes: tuple[str, ...] = ()  # what a person should know about them, a sentence each


def read(folder: Path) -> Layout:
    """Raises DataError (exit 3) when neither a table nor the folders tell every image's class."""
    found = [path.relative_to(folder).parts for path in files.below(folder)]
    found = sorted(parts for parts in found if not names.is_junk(parts))
    strays = [parts for parts in found if names.is_other_file(parts[-1])]
    images = [parts for parts in found if not names.is_other_file(parts[-1])]
    _check_other_images(folder, strays, images)
    listed = annotations.find(folder, strays, images)
    loaded = annotations.load(folder, listed)
    labelled, notes = _by_tables(loaded, images) if loaded else (folders.read(images), [])
    strays = [parts for parts in strays if parts not in listed]
    known = {image.path for image in labelled}
    aside = [parts for parts in images if "/".join(parts) not in known]
    notes += [*_of_aside(aside, len(images)), *_of_strays(folder, strays, len(found))]
    return Layout(tuple(labelled), _joined(aside), _joined(strays), tuple(notes))


def _by_tables(listed: Sequence[label_tables.Table], images: Sequence[Parts]) -> tuple[list[LabelledImage], list[str]]:
    labelled, notes = _with_splits_of_folders(label_tables.read(listed, _joined(images)))
    folders.check_classes(labelled)
    return labelled, [*map(_source, listed), *notes]


def _source(table: label_tables.Table) -> str:
    unused = f"; columns not used: {', '.join(filter(None, table.unused))}" if any(table.unused) else ""
    return f"{table.name} has the labels of {len(table.rows)} rows{unused}"


def _with_splits_of_folders(labelled: list[LabelledImage]) -> tuple[list[LabelledImage], list[str]]:
    """Where tables leave every split open, folders called train and test decide; and a sentence about it."""
    root = names.common_root(image.path.split("/") for image in labelled)
    inner = [image.path.split("/")[len(root) :] for image in labelled]
    if any(image.split for image in labelled) or not (splits := folders.splits(inner)):
        return labelled, []
    told = "the table has no column split"
    if "train" not in splits.values() or not all(parts[0] in splits for parts in inner):
        why = "some images lie elsewhere, or none lie in one for training"
        return labelled, [f"{told}, and the folders {', '.join(splits)} are not taken for splits: {why}"]
    said = ", ".join(f"{folder} is {side}" for folder, side in splits.items())
    found = [image._replace(split=splits[parts[0]]) for image, parts in zip(labelled, inner, strict=True)]
    return found, [f"{told}, so the folders decide: {said}"]


def _of_aside(aside: Sequence[Parts], total: int) -> list[str]:
    counts = Counter("/".join(parts[:-1]) or "the top folder" for parts in aside)
    more = f" and in {len(counts) - SHOWN} more folders" if len(counts) > SHOWN else ""
    places = ", ".join(f"{count} in {place}" for place, count in counts.most_common(SHOWN)) + more
    return [f"{len(aside)} of {total} images have no label and are left out: {places}"] if aside else []


def _of_strays(folder: Path, strays: Sequence[Parts], total: int) -> list[str]:
    misnamed = [parts[-1] for parts in strays if visual.format_of(folder.joinpath(*parts)) in visual.USABLE]
    notes = []
    if strays:
        kinds = names.kinds(parts[-1] for parts in strays)
        notes.append(f"{len(strays)} of {total} files are no images by their names and are left out: {kinds}")
    if misnamed:
        kinds = names.kinds(misnamed)
        notes.append(f"{len(misnamed)} of the files left out hold images under other names ({kinds}): rename them")
    return notes


def _check_other_images(folder: Path, strays: Sequence[Parts], images: Sequence[Parts]) -> None:
    """A class whose images all have names of other things, or are videos, would vanish. Raises DataError."""
    homes = {parts[:-1] for parts in images}
    alone = [parts for parts in strays if parts[:-1] and parts[:-1] not in homes]
    lost = [parts for parts in alone if visual.format_of(folder.joinpath(*parts))]
    for home, count in sorted(Counter(parts[:-1] for parts in lost).items()):
        if count >= FEW:
            place = printable("/".join(home))
            kinds = names.kinds(parts[-1] for parts in lost if parts[:-1] == home)
            what = f"folder {place!r} holds images or films, none under the name of an image ({kinds})"
            fix = "convert or rename them to .png or .jpg if it is a class, else remove it"
            raise DataError("E_LAYOUT", what, where=place, fix=fix)


def _joined(found: Iterable[Parts]) -> tuple[str, ...]:
    return tuple("/".join(parts) for parts in found)
