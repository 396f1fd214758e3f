"""Find the files beside the images that hold their labels, or seem to.

A file that seems to hold labels and cannot be read as a table stops the line: passed over, the names of folders would
become the labels. By their names these are tables of every kind and whatever is called labels or annotations; by
their contents, text that lists images of the data set, such as COCO's JSON. Documents like README.md, sums, and
Kaggle's sample_submission.csv are none. The price: a table about something else has to leave the archive.
"""

import codecs
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from darkroom.formats import delimited, label_tables, names
from darkroom.formats.label_tables import Table
from darkroom.runtime.errors import DataError

HEAD = 1 << 20  # bytes of a text that are searched for names of images
FEW = 2  # images that a text may not name without being a list of them
MOST = 0.5  # of the lines, and of the images
SHOWN = 3  # files that a sentence names
TEXT = (".txt", ".json", ".jsonl", ".ndjson", ".xml", ".yaml", ".yml", ".list", ".lst", ".dat", ".data", ".names")
BETWEEN = re.compile(r'[\s"\'<>,;|=(){}\[\]]+')
FIELDS = re.compile(r"[,;|\t\r\n]+")
QUOTED = re.compile(r'"([^"\n]+)"')
REMEDY = "take it out of the archive, or, if it holds the labels, write them to labels.csv with the columns path,label"


def find(folder: Path, others: Iterable[Sequence[str]], images: Iterable[Sequence[str]]) -> list[Sequence[str]]:
    """Those of the files `others`, parts of paths relative to `folder`, that hold labels of `images` or seem to."""
    images = list(images)
    listed = {
        name for parts in images for name in (parts[-1], _stem("/".join(parts[-2:]))) if "." in name or "/" in name
    }
    stems = {_stem(parts[-1]) for parts in images}
    return [parts for parts in others if names.is_table(parts[-1]) or _lists(folder.joinpath(*parts), listed, stems)]


def load(folder: Path, found: Sequence[Sequence[str]]) -> list[Table]:
    """Read what `find` found. Raises DataError (exit 3) when any of it is no table of labels at the top of `folder`."""
    loaded, faults = [], []
    for parts in found:
        try:
            loaded.append(_table(folder, parts))
        except DataError as fault:
            faults.append(fault)
    if faults:
        more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        what = "; ".join(fault.what for fault in faults[:SHOWN]) + more
        raise DataError(faults[0].code, what, where=faults[0].where, fix=faults[0].fix)
    return loaded


def _table(folder: Path, parts: Sequence[str]) -> Table:
    name = "/".join(parts)
    if not names.is_delimited(name) and not name.casefold().endswith(".txt"):
        raise delimited.unusable(name, "seems to hold labels of the images, in a form that is not read here", REMEDY)
    if len(parts) > 1:
        what = "looks like a table of labels and does not lie at the top, beside the folders of images"
        raise delimited.unusable(name, what, "move it there if it holds the labels, else take it out of the archive")
    return label_tables.load(folder / name)


def _stem(path: str) -> str:
    return path.removesuffix(PurePosixPath(path).suffix)


def _lists(path: Path, images: set[str], stems: set[str]) -> bool:
    """Whether the file is text about images: it names a few of `images`, or its lines begin with names of `stems`.

    Names are those of files, or of folder and file without extension. Bare `stems` are often numbers, as in a list of
    classes, so most lines must begin with one, and half of all must be there.
    """
    if path.suffix.casefold() not in TEXT or names.is_document(path.name):
        return False
    with path.open("rb") as file:
        data = file.read(HEAD)
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = data.decode("utf-16" if wide else "utf-8", errors="replace")
    words = {*BETWEEN.split(text), *QUOTED.findall(text), *map(str.strip, FIELDS.split(text))}
    if len({end for word in words for end in _ends(names.normal(word)) if end in images}) >= FEW:
        return True
    first = [BETWEEN.split(line)[0] for line in text.splitlines() if line.strip()]
    known = stems.intersection(first)
    return len(known) >= max(FEW, MOST * len(first), MOST * len(stems) if len(data) < HEAD else 0)


def _ends(word: str) -> tuple[str, str]:
    parts = word.split("/")
    return parts[-1], "/".join(parts[-2:])
