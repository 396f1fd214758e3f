"""Bring labels that people gave into the data: new images are added, those in the data already are relabelled.

Images are compared by the SHA-256 of their files. New ones go to the training images: they were chosen because the
model is unsure of them, so in test they would make it look worse than it is on the images that come.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from darkroom import sniff
from darkroom.formats import names
from darkroom.labelling.labels import Labels, unusable
from darkroom.runtime import files

FOLDER = "labelled"  # in the data set, for what is added
SPLIT = "train"

Row = Mapping[str, Any]  # of the manifest


class NewImage(NamedTuple):
    file: Path
    path: str  # in the data set
    label: str


class Changes(NamedTuple):
    relabelled: dict[str, str]  # the new label, by path in the data set
    added: list[NewImage]

    def within(self, splits: Collection[str], manifest: Sequence[Row]) -> "Changes":
        """The same, without labels of images in other splits."""
        others = {row["path"] for row in manifest if row["split"] not in splits}
        return self._replace(relabelled={p: label for p, label in self.relabelled.items() if p not in others})


class _Labelled(NamedTuple):
    file: Path
    label: str
    sha256: str


def sort(labels: Labels, source: Path, folder: Path, manifest: Sequence[Row]) -> Changes:
    """Return what the labels, read from `source`, change; the paths of images are relative to `folder`.

    Raises DataError (exit 3) when an image is not there or is none, or when equal ones have different labels.
    """
    paths = {row["sha256"]: row["path"] for row in manifest if row["sha256"]}
    images = _distinct(list(_labelled(labels.by_path, source, folder)), source)
    relabelled = {paths[image.sha256]: image.label for image in images if image.sha256 in paths}
    return Changes(relabelled, [_added(image) for image in images if image.sha256 not in paths])


def in_words(changes: Changes, unlabelled: int, classes: Collection[str]) -> str:
    """Say what is added; `classes` are those of the data so far."""
    labels = {image.label for image in changes.added} | set(changes.relabelled.values())
    new = ", ".join(sorted(labels - set(classes)))
    words = [f"{len(changes.added)} images added to {SPLIT}", f"new classes: {new}" if new else ""]
    words.append(f"{unlabelled} without a label left out" if unlabelled else "")
    return ", ".join(filter(None, words))


def _labelled(labels: Mapping[str, str], source: Path, folder: Path) -> Iterator[_Labelled]:
    missing = [name for name in labels if not (folder / name).is_file()]
    if missing:
        what = f"{len(missing)} of {len(labels)} images are not in {folder}, the first is {missing[0]}"
        raise unusable(what, source, "name the folder that they are in with --images")
    for name, label in labels.items():
        yield _Labelled(folder / name, label, files.sha256(folder / name))


def _distinct(images: Sequence[_Labelled], source: Path) -> list[_Labelled]:
    found: dict[str, _Labelled] = {}
    for image in images:
        if found.setdefault(image.sha256, image).label != image.label:
            what = f"{found[image.sha256].file} and {image.file} are the same image with different labels"
            raise unusable(what, source, "correct one of them, or remove both")
    return list(found.values())


def _added(image: _Labelled) -> NewImage:
    """Named by its digest, so that no name is taken, and by its format, so that ingest takes it for an image."""
    with image.file.open("rb") as file:
        kind = sniff.kind(file.read(sniff.LENGTH))
    name = f"{image.sha256[:16]}.{kind.lower()}"
    if not kind or not names.is_image(name):
        raise unusable(f"{image.file} is no image", image.file, "remove it from the list")
    return NewImage(image.file, f"{FOLDER}/{name}", image.label)
