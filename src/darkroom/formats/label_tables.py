"""Read labels from tables beside the images: one line per image with path, label, and optionally split and group.

Columns are recognised by the names that people usually give them. A group is whatever must stay within one split: a
patient, a scene, a video. Paths are relative to the table or to the only folder beside it; the end of a path, or a path
without extension, is enough where it identifies one image. Several tables are read together when they are named after
splits.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from unicodedata import category

from darkroom.formats import delimited, names
from darkroom.formats.delimited import Header
from darkroom.runtime.errors import DataError, printable

SHOWN = 3  # rows that an error message names
SYNONYMS = {  # role -> names in order of preference: a column called id is ignored beside a file name
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
    """An image as the data set describes it; `split` and `group` are "" where they are not given."""

    path: str
    label: str
    split: str
    group: str = ""


class Table(NamedTuple):
    """The contents of one file, one row per image: path, label, split and group, verbatim."""

    name: str
    rows: Sequence[Mapping[str, str]]
    unused: Sequence[str] = ()  # names of other columns


def load(name: str, data: bytes) -> Table:
    """Read one table from its bytes.

    Raises DataError (exit 3) when the file is not delimited text, or does not have exactly one column for the image
    and one for the label.
    """
    header, lines = delimited.read(name, data, is_known)
    candidates = {role: columns for role in SYNONYMS if (columns := _columns(header, role))}
    for role, columns in candidates.items():
        if len(columns) > 1:
            several = ", ".join(repr(header[column]) for column in columns)
            what = f"has {len(columns)} columns that may be the {role}: {several}"
            raise delimited.unusable(name, what, f"call the right one {role}, and the others something else")
    if not lines:
        raise delimited.unusable(name, "has a header and no rows", "fill it, or remove it from the archive")
    column_of = {role: column for role, (column,) in candidates.items()}
    rows = [{role: _field(fields, column) for role, column in column_of.items()} for _, fields in lines]
    rows = _without_other_splits(rows, is_own="split" in map(_folded, header))
    used = {column_of[role] for role in rows[0]}
    return Table(name, rows, [field.strip() for column, field in enumerate(header) if column not in used])


def is_known(header: Header) -> bool:
    """Return whether the header has a column for the image and one for the label."""
    return all(_columns(header, role) for role in ("path", "label"))


def _columns(header: Header, role: str) -> list[int]:
    """Return the columns that may have this role: one when the header is unambiguous or uses our own names."""
    words = [_folded(field) for field in header]
    if role in words and (role in ("split", "group") or {"path", "label"} <= set(words)):
        return [column for column, word in enumerate(words) if word == role]
    matches = ([c for c, word in enumerate(words) if word in synonyms.split()] for synonyms in SYNONYMS[role])
    return next((columns for columns in matches if columns), [])


def _folded(field: str) -> str:
    return "_".join(field.replace("-", " ").replace("_", " ").casefold().split())


def _field(fields: Sequence[str], column: int) -> str:
    return fields[column] if column < len(fields) else ""


def _without_other_splits(rows: list[dict[str, str]], *, is_own: bool) -> list[dict[str, str]]:
    """Drop a column such as `set` or `usage`, whose name may mean splits, unless it holds nothing but splits."""
    if is_own or all(names.split_of(row["split"].strip()) for row in rows if "split" in row):
        return rows
    return [{role: value for role, value in row.items() if role != "split"} for row in rows]


def read(tables: Sequence[Table], images: Sequence[str]) -> list[LabelledImage]:
    """Return the `images` that the tables label, sorted by path; paths are relative to the folder of the tables.

    Raises DataError (exit 3) when a row names no image or several, has no label or an unknown split, or contradicts
    another, and when there are several tables that are not named after different splits.
    """
    index = ImageIndex(images)
    labelled: dict[str, LabelledImage] = {}
    for table, split in zip(tables, _splits(tables), strict=True):
        wrong: dict[str, list[str]] = {}
        for row in table.rows:
            image, fault = _image(row, split, index)
            fault = fault or ("contradict an earlier row" if labelled.get(image.path, image) != image else "")
            if fault:
                wrong.setdefault(fault, []).append(row["path"])
            else:
                labelled[image.path] = image
        if wrong:
            raise DataError("E_TABLE", _summary(wrong, len(table.rows)), where=table.name, fix="correct these rows")
    return [labelled[path] for path in sorted(labelled)]


def _splits(tables: Sequence[Table]) -> list[str]:
    """Return the split that each table is named after; "" for a single table."""
    if len(tables) == 1:
        return [""]
    splits = [names.split_in(table.name.rpartition(".")[0]) for table in tables]
    if "" in splits or len(set(splits)) < len(splits):
        listed = ", ".join(printable(repr(table.name)) for table in tables)
        what = f"{len(tables)} tables of labels: {listed}"
        fix = "keep one, or name them after splits, as in train.csv, val.csv and test.csv"
        raise DataError("E_LAYOUT", what, where=tables[0].name, fix=fix)
    return splits


class ImageIndex:
    """The images of a data set, by every name that a table may use for them."""

    def __init__(self, paths: Iterable[str]):
        self._paths = {names.normal(path): path for path in paths}
        tops = {name.partition("/")[0] for name in self._paths if "/" in name}
        self._prefix = f"{tops.pop()}/" if len(tops) == 1 else ""

    def lookup(self, name: str, split: str) -> list[str]:
        """Return the paths that `name` may mean: none, one or several.

        If several match and some lie in a folder of `split`, only these are returned.
        """
        for exact in (name, self._prefix + name):
            if exact in self._paths:
                return [self._paths[exact]]
        for by_name in (self._by_end, self._by_stem):
            if matches := by_name.get(name) or by_name.get(self._prefix + name):
                in_split = [path for path in matches if split and split in map(names.split_of, path.split("/"))]
                return [self._paths[path] for path in in_split or matches]
        return []

    @cached_property
    def _by_end(self) -> dict[str, list[str]]:
        return _suffix_index({path: path for path in self._paths})

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        return _suffix_index({path: path.removesuffix(Path(path).suffix) for path in self._paths})


def _suffix_index(spelled: Mapping[str, str]) -> dict[str, list[str]]:
    """Map each suffix of a path that starts at a folder or file name to the paths that end with it."""
    index: dict[str, list[str]] = {}
    for path, spelling in spelled.items():
        parts = spelling.split("/")
        for start in range(len(parts)):
            index.setdefault("/".join(parts[start:]), []).append(path)
    return index


def _image(row: Mapping[str, str], table_split: str, images: ImageIndex) -> tuple[LabelledImage, str]:
    """Return the image that the row describes, and what is wrong with the row ("" if nothing)."""
    name, word = names.normal(row["path"].strip()), row.get("split", "").strip()
    split, label = names.split_of(word) or word or table_split, names.composed(row["label"].strip())
    paths = images.lookup(names.normal(row["path"]), split) or images.lookup(name, split)
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


def _summary(wrong: Mapping[str, Sequence[str]], n: int) -> str:
    faults = (f"{len(paths)} of {n} rows {what}, such as {', '.join(paths[:SHOWN])}" for what, paths in wrong.items())
    return printable("; ".join(faults))
