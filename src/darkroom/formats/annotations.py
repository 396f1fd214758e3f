"""Find the files beside the images that hold their labels, or seem to.

A file that seems to hold labels but cannot be read as a table stops the pipeline: if it were ignored, the folder names
would silently become the labels. Candidates by name are tables of every kind and files called labels or annotations;
candidates by content are texts that list images of the data set, such as COCO's JSON. Documents like README.md, lists
of checksums, and Kaggle's sample_submission.csv are never candidates. The price: a table about something else has to
be removed from the archive.
"""

import codecs
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import PurePosixPath

from darkroom.formats import delimited, label_tables, names
from darkroom.formats.contents import Contents
from darkroom.formats.label_tables import Table
from darkroom.runtime.errors import DataError

HEAD = 1 << 20  # bytes of a text file that are searched for image names
MIN_MATCHES = 2  # distinct images that a text names before it counts as a list of images
MIN_FRACTION = 0.5  # of the lines, and of the images
SHOWN = 3  # files that an error message names
TEXT = (".txt", ".json", ".jsonl", ".ndjson", ".xml", ".yaml", ".yml", ".list", ".lst", ".dat", ".data", ".names")
SEPARATORS = re.compile(r'[\s"\'<>,;|=(){}\[\]]+')
FIELDS = re.compile(r"[,;|\t\r\n]+")
QUOTED = re.compile(r'"([^"\n]+)"')
REMEDY = "remove it from the archive, or, if it holds the labels, write them to labels.csv with the columns path,label"


def find(contents: Contents, others: Iterable[Sequence[str]], images: Iterable[Sequence[str]]) -> list[Sequence[str]]:
    """Return those of the files `others` that hold labels of `images` or seem to; all are parts of paths."""
    image_names = cache(lambda: _names(images))  # of all images, held only where a text may hold them, too
    return [
        parts
        for parts in others
        if names.is_table(parts[-1]) or (_may_list_images(parts) and _lists_images(contents, parts, *image_names()))
    ]


def _names(images: Iterable[Sequence[str]]) -> tuple[set[str], set[str]]:
    """Return the file names of the images with folder/file names without extension, and file names without it."""
    listed, stems = set[str](), set[str]()
    for parts in images:
        listed.update(name for name in (parts[-1], _stem("/".join(parts[-2:]))) if "." in name or "/" in name)
        stems.add(_stem(parts[-1]))
    return listed, stems


def load(contents: Contents, candidates: Sequence[Sequence[str]]) -> list[Table]:
    """Read the files that `find` returned as tables of labels.

    Raises DataError (exit 3) when any of them is not a table of labels at the top of the data set.
    """
    loaded, faults = [], []
    for parts in candidates:
        try:
            loaded.append(_table(contents, parts))
        except DataError as fault:
            faults.append(fault)
    if faults:
        more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        what = "; ".join(fault.what for fault in faults[:SHOWN]) + more
        raise DataError(faults[0].code, what, where=faults[0].where, fix=faults[0].fix)
    return loaded


def _table(contents: Contents, parts: Sequence[str]) -> Table:
    name = "/".join(parts)
    if not names.is_delimited(name) and not name.casefold().endswith(".txt"):
        raise delimited.unusable(name, "seems to hold labels of the images, in a format that is not supported", REMEDY)
    if len(parts) > 1:
        what = "looks like a table of labels but is not at the top, beside the folders of images"
        raise delimited.unusable(name, what, "move it there if it holds the labels, else remove it from the archive")
    return label_tables.load(name, contents.read(name))


def _stem(path: str) -> str:
    return path.removesuffix(PurePosixPath(path).suffix)


def _may_list_images(parts: Sequence[str]) -> bool:
    return PurePosixPath(parts[-1]).suffix.casefold() in TEXT and not names.is_document(parts[-1])


def _lists_images(contents: Contents, parts: Sequence[str], images: set[str], stems: set[str]) -> bool:
    """Return whether the text lists images: it names some of `images`, or its lines begin with `stems`.

    `images` holds file names, and folder/file names without extension. Bare `stems` are often numbers, as in a list of
    classes, so half of the lines must begin with one, and half of all stems must occur.
    """
    data = contents.head("/".join(parts), HEAD)
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = data.decode("utf-16" if is_utf16 else "utf-8", errors="replace")
    words = {*SEPARATORS.split(text), *QUOTED.findall(text), *map(str.strip, FIELDS.split(text))}
    if len({end for word in words for end in _ends(names.normal(word)) if end in images}) >= MIN_MATCHES:
        return True
    first_words = [SEPARATORS.split(line)[0] for line in text.splitlines() if line.strip()]
    enough_lines = MIN_FRACTION * len(first_words)
    enough_stems = MIN_FRACTION * len(stems) if len(data) < HEAD else 0
    return len(stems.intersection(first_words)) >= max(MIN_MATCHES, enough_lines, enough_stems)


def _ends(word: str) -> tuple[str, str]:
    parts = word.split("/")
    return parts[-1], "/".join(parts[-2:])
