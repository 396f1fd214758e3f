"""Labels from a table beside the images: a line an image, with its path and label, and perhaps a split and a group.

Columns go by the names that people give them; a group is whatever must not be divided: a patient, a scene, a film.
Paths are relative to the table or to the only folder beside it. A part of a path, or one without extension, will do
where it can mean one image only. Several tables are read together when their names are those of splits.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from unicodedata import category

from darkroom.formats import delimited, names
from darkroom.formats.delimited import Header
from darkroom.runtime.errors import DataError, printable

SHOWN = 3  # offenders a sentence names
SYNONYMS = {  # in the order in which they are looked for: a row number called id does not matter beside a file name
    "path": (
        "path paths file files filename filenames file_name filepath filepaths file_path relative_path image images"
        " image_path imagepath image_name imagename image_file image_filename image_id imageid image_index img imgs"
        " img_path img_name img_id img_file picture picture_id photo photo_id fname file_id id_code isic_id",
        "id name",
    ),
    "label": (
        "label labels class classes class_name classname class_label label_name category category_name target targets"
        " breed species diagnosis dx disease variety cultivar classification",
        "class_id classid label_id labelid category_id target_id type kind tag y",
    ),
    "split": ("split subset partition data_set dataset set usage",),
    "group": ("group",),
}


class LabelledImage(NamedTuple):
    """An image as the data set describes it; `split` and `group` are "" where it says nothing."""

    path: str
    label: str
    split: str
    group: str = ""


class Table(NamedTuple):
    """What one file says, a row an image: path, label, split and group, as they stand there."""

    name: str
    rows: Sequence[Mapping[str, str]]
    unused: Sequence[str] = ()  # columns


def load(path: Path) -> Table:
    """Raises DataError (exit 3) when the file is no text in columns, or names no image and label in one column each."""
    header, lines = delimited.read(path, is_known)
    found = {role: columns for role in SYNONYMS if (columns := _columns(header, role))}
    for role, columns in found.items():
        if len(columns) > 1:
            several = ", ".join(repr(header[column]) for column in columns)
            what = f"has {len(columns)} columns that may be the {role}: {several}"
            raise delimited.unusable(path.name, what, f"call the right one {role}, and the others something else")
    if not lines:
        raise delimited.unusable(path.name, "has a header and no rows", "fill it, or take it out of the archive")
    places = {role: column for role, (column,) in found.items()}
    rows = [{role: _field(fields, column) for role, column in places.items()} for _, fields in lines]
    rows = _without_other_splits(rows, is_own="split" in map(_folded, header))
    used = {places[role] for role in rows[0]}
    return Table(path.name, rows, [field.strip() for column, field in enumerate(header) if column not in used])


def is_known(header: Header) -> bool:
    """Whether the header names an image and a label."""
    return all(_columns(header, role) for role in ("path", "label"))


def _columns(header: Header, role: str) -> list[int]:
    """The columns that may have this role: one when the header uses our own names, or is clear."""
    words = [_folded(field) for field in header]
    if role in words and (role in ("split", "group") or {"path", "label"} <= set(words)):
        return [column for column, word in enumerate(words) if word == role]
    choices = ([c for c, word in enumerate(words) if word in known.split()] for known in SYNONYMS[role])
    return next((columns for columns in choices if columns), [])


def _folded(field: str) -> str:
    return "_".join(field.replace("-", " ").replace("_", " ").casefold().split())


def _field(fields: Sequence[str], column: int) -> str:
    return fields[column] if column < len(fields) else ""


def _without_other_splits(rows: list[dict[str, str]], *, is_own: bool) -> list[dict[str, str]]:
    """A column that is merely called like a split, `set` or `usage`, is one when it holds nothing but splits."""
    if is_own or all(names.split_of(row["split"].strip()) for row in rows if "split" in row):
        return rows
    return [{role: value for role, value in row.items() if role != "split"} for row in rows]


def read(tables: Sequence[Table], images: Sequence[str]) -> list[LabelledImage]:
    """What the tables say of `images`, whose paths are relative to the folder of the tables.

    Raises DataError (exit 3) when a row names no image or several, has no label or an unknown split, or contradicts
    another, and when there are several tables whose names are not those of different splits.
    """
    known, found = Images(images), {}
    sides = _sides(tables)
    for table, side in zip(tables, sides, strict=True):
        wrong: dict[str, list[str]] = {}
        for row in table.rows:
            image, fault = _image(row, side, known)
            fault = fault or ("contradict an earlier row" if found.get(image.path, image) != image else "")
            if fault:
                wrong.setdefault(fault, []).append(row["path"])
            else:
                found[image.path] = image
        if wrong:
            raise DataError("E_TABLE", _sentence(wrong, len(table.rows)), where=table.name, fix="correct these rows")
    return [found[path] for path in sorted(found)]


def _sides(tables: Sequence[Table]) -> list[str]:
    """The split of each table by its name, where there are several."""
    if len(tables) == 1:
        return [""]
    sides = [names.split_in(table.name.rpartition(".")[0]) for table in tables]
    if "" in sides or len(set(sides)) < len(sides):
        listed = ", ".join(printable(repr(table.name)) for table in tables)
        what = f"{len(tables)} tables of labels: {listed}"
        fix = "keep one, or name them after splits, as in train.csv, val.csv and test.csv"
        raise DataError("E_LAYOUT", what, where=tables[0].name, fix=fix)
    return sides


class Images:
    """The images of a data set, by whatever a table may call them."""

    def __init__(self, paths: Iterable[str]):
        self._paths = {names.normal(path): path for path in paths}
        tops = {name.partition("/")[0] for name in self._paths if "/" in name}
        self._prefix = f"{tops.pop()}/" if len(tops) == 1 else ""

    def named(self, name: str, side: str) -> list[str]:
        """The paths that `name` may mean: none, one or several. Of several, those in a folder of `side` count."""
        for exact in (name, self._prefix + name):
            if exact in self._paths:
                return [self._paths[exact]]
        for known in (self._ends, self._stems):
            if found := known.get(name) or known.get(self._prefix + name):
                inside = [path for path in found if side and side in map(names.split_of, path.split("/"))]
                return [self._paths[path] for path in inside or found]
        return []

    @cached_property
    def _ends(self) -> dict[str, list[str]]:
        return _by_end({path: path for path in self._paths})

    @cached_property
    def _stems(self) -> dict[str, list[str]]:
        return _by_end({path: path.removesuffix(Path(path).suffix) for path in self._paths})


def _by_end(spelled: Mapping[str, str]) -> dict[str, list[str]]:
    """Each end of a path that begins at a folder or a file -> the paths that end so."""
    found: dict[str, list[str]] = {}
    for path, spelling in spelled.items():
        parts = spelling.split("/")
        for start in range(len(parts)):
            found.setdefault("/".join(parts[start:]), []).append(path)
    return found


def _image(row: Mapping[str, str], side: str, images: Images) -> tuple[LabelledImage, str]:
    """What the row describes, and what is wrong with it, "" when nothing is."""
    name, word = names.normal(row["path"].strip()), row.get("split", "").strip()
    split, label = names.split_of(word) or word or side, names.composed(row["label"].strip())
    paths = images.named(names.normal(row["path"]), split) or images.named(name, split)
    image = LabelledImage(paths[0] if paths else name, label, split, row.get("group", "").strip())
    if not paths or ".." in name.split("/"):
        return image, "name no image"
    if len(paths) > 1:
        return image, "may mean several images"
    if not label:
        return image, "have no label"
    if any(category(character) == "Cc" for character in label):
        return image, "have a label with control characters"
    if split not in ("", *names.SPLITS):
        return image, f"have the unknown split {split!r}"
    return image, ""


def _sentence(wrong: Mapping[str, Sequence[str]], n: int) -> str:
    said = (f"{len(paths)} of {n} rows {what}, such as {', '.join(paths[:SHOWN])}" for what, paths in wrong.items())
    return printable("; ".join(said))
