"""Read labels and sides from a table, else from folder names.

Two layouts of folders: class folders (`cats/1.jpg`), or split folders with class folders (`train/cats/1.jpg`).
Anything else stops with a sentence: a guess here would silently train on the wrong labels.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from darkroom import files
from darkroom.data import names, tables
from darkroom.data.tables import Picture
from darkroom.errors import DataError, printable

EXPECTED = "expected cats/1.jpg, dogs/2.jpg, … or train/cats/1.jpg, test/dogs/2.jpg, …"
ALL = ""  # the side of a picture that the archive leaves open

Parts = tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """Paths relative to the folder, with slashes."""

    pictures: tuple[Picture, ...]
    aside: tuple[str, ...]  # pictures without a label
    strays: tuple[str, ...]  # files that are no pictures by name


def read(folder: Path) -> Layout:
    """Raises DataError (exit 3) when neither a table nor the folders tell every picture's class."""
    found = [path.relative_to(folder).parts for path in files.below(folder)]
    found = sorted(parts for parts in found if not names.is_junk(parts))
    strays = [parts for parts in found if names.is_stray(parts[-1])]
    candidates = [parts for parts in found if not names.is_stray(parts[-1])]
    listed = [parts for parts in strays if len(parts) == 1 and tables.is_table(folder / parts[0])]
    if len(listed) > 1:
        raise _fault("E_LAYOUT", f"{len(listed)} tables of labels: {_listed(_joined(listed))}", "keep one")
    labelled = tables.read(folder / listed[0][0], _joined(candidates)) if listed else _by_folders(candidates)
    known = {picture.path for picture in labelled}
    _insist_on_classes(labelled)
    return Layout(tuple(labelled), tuple(name for name in _joined(candidates) if name not in known), _joined(strays))


def _by_folders(candidates: Sequence[Parts]) -> list[Picture]:
    splits = _splits(candidates)
    return [_labelled(parts, splits) for parts in candidates if not _is_aside(parts, splits)]


def _splits(candidates: Sequence[Parts]) -> dict[str, str]:
    """Split folder -> side, {} for a layout of class folders."""
    tops = sorted({parts[0] for parts in candidates if len(parts) > 1})
    splits = {top: names.split_of(top) for top in tops if names.split_of(top)}
    folders: dict[str, list[str]] = defaultdict(list)
    for top, side in splits.items():
        folders[side].append(top)
    for side, several in folders.items():
        if len(several) > 1:
            raise _fault("E_SPLIT_AMBIGUOUS", f"{_listed(several)} both mean {side}", "join them or rename one")
    others = [top for top in tops if top not in splits and not names.is_unlabelled(top)]
    if splits and others:
        what = f"split folders ({_listed(splits)}) beside other folders ({_listed(others)}); {EXPECTED}"
        raise _fault("E_LAYOUT", what, "move every class folder into a split folder")
    if splits and "train" not in folders:
        raise _fault("E_LAYOUT", f"no training folder beside {_listed(splits)}; {EXPECTED}", "add train/")
    return splits


def _is_aside(parts: Parts, splits: dict[str, str]) -> bool:
    if not splits:
        return len(parts) == 1
    return parts[0] not in splits or len(parts) == 2


def _labelled(parts: Parts, splits: dict[str, str]) -> Picture:
    side, (label, *rest) = (splits[parts[0]], parts[1:]) if splits else (ALL, parts)
    if len(rest) != 1:
        what = f"class folder {printable(label)} has folders inside ({printable('/'.join(parts))}); {EXPECTED}"
        raise _fault("E_NESTED_CLASSES", what, "keep pictures right inside their class folder")
    return Picture("/".join(parts), label, side)


def _insist_on_classes(labelled: Sequence[Picture]) -> None:
    learned = sorted({picture.label for picture in labelled if picture.split in (ALL, "train")})
    if not learned:
        raise _fault("E_LAYOUT", f"no picture lies in a class folder; {EXPECTED}", "make one folder a class")
    unknown = next((picture.path for picture in labelled if picture.label not in learned), None)
    if unknown:
        raise _fault("E_UNKNOWN_CLASS", f"{printable(unknown)}: a class without training pictures", "add some")
    aliases: dict[str, list[str]] = defaultdict(list)
    for label in learned:
        aliases[unicodedata.normalize("NFC", label).casefold().strip()].append(label)
    for several in aliases.values():
        if len(several) > 1:
            raise _fault("E_CLASS_ALIAS", f"{_listed(several)} look like one class", "give the folder one spelling")
    if len(learned) < 2:
        raise _fault("E_ONE_CLASS", f"one class only: {_listed(learned)}; {EXPECTED}", "add a folder of another class")


def _listed(found: Iterable[str]) -> str:
    return ", ".join(printable(repr(name)) for name in found)


def _joined(found: Iterable[Parts]) -> tuple[str, ...]:
    return tuple("/".join(parts) for parts in found)


def _fault(code: str, what: str, fix: str) -> DataError:
    return DataError(code, what, where="the folders of the archive", fix=fix)
