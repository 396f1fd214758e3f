"""The labels that people gave, read from whatever file holds them."""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from darkroom.runtime.errors import DataError, printable

LARGEST = 1 << 30  # bytes of a file in an archive


class Labels(NamedTuple):
    by_path: dict[str, str]  # the label of each image, under the name that the file gives it
    unlabelled: int  # images that nobody labelled


def collect(images: Iterable[tuple[str, set[str]]], where: Path) -> Labels:
    """Return the labels of images that come with all labels that they were given.

    Raises DataError (exit 3) where an image has several.
    """
    found: dict[str, set[str]] = {}
    for path, labels in images:
        found.setdefault(path, set()).update(labels)
    if several := [path for path, labels in found.items() if len(labels) > 1]:
        names = ", ".join(sorted(found[several[0]]))
        what = f"{len(several)} images have several labels, the first is {several[0]} ({names})"
        raise unusable(what, where, "leave one label for each image, and export again")
    by_path = {path: label for path, labels in found.items() for label in labels}
    return Labels(by_path, len(found) - len(by_path))


def unusable(what: str, where: Path, fix: str) -> DataError:
    return DataError("E_LABELS", printable(what), where=where, fix=fix)


def contents(path: Path) -> bytes:
    """The bytes of a file; of an archive, as CVAT exports it, those of its annotations.xml.

    Raises DataError (exit 3) for an archive without it.
    """
    if not zipfile.is_zipfile(path):
        return path.read_bytes()
    try:
        with zipfile.ZipFile(path) as archive, archive.open("annotations.xml") as file:
            data = file.read(LARGEST + 1)
    except Exception as fault:  # zipfile and zlib raise several kinds for damaged data
        raise unusable("the archive has no annotations.xml that can be read", path, "export it again") from fault
    if len(data) > LARGEST:
        raise unusable(f"annotations.xml has more than {LARGEST} bytes", path, "export it again")
    return data
