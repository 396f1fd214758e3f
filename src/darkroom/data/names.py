"""What names of files and folders mean: a split, junk of some desktop, something that is no picture.

Every rule about names is here, and each is a guess that people's archives taught us; contents are `decode`'s.
"""

import re
from collections.abc import Iterable, Sequence
from mimetypes import MimeTypes

SIDES = ("train", "val", "test")

_SPELLINGS = {"train": "train|training", "val": "val|valid|validation|dev", "test": "test|testing|eval|evaluation"}
_SPLITS = {side: re.compile(rf"({words})([ _-]?(set|data|images))?") for side, words in _SPELLINGS.items()}
_UNLABELLED = re.compile(r"(^|[ _-])(pred|predict|predictions?|unlabell?ed|unsup)($|[ _-])")
_JUNK = {"__macosx", "thumbs.db", "desktop.ini", "@eadir"}
_TYPES = MimeTypes()  # Python's own table: the machine's /etc/mime.types must not decide what a data set is


def split_of(folder: str) -> str:
    """The side a folder name stands for: "Training_set" is train. "" for any other name."""
    return next((side for side, spelling in _SPLITS.items() if spelling.fullmatch(folder.casefold())), "")


def is_unlabelled(folder: str) -> bool:
    """True for folders like `single_prediction`: pictures to try a finished model on."""
    return bool(_UNLABELLED.search(folder.casefold()))


def is_junk(parts: Sequence[str]) -> bool:
    """True for what desktops, synology boxes and editors leave behind, hidden files and folders included."""
    return any(part.startswith(".") or part.casefold() in _JUNK for part in parts)


def is_stray(name: str) -> bool:
    """True for a name that promises something other than a picture: notes.txt, labels.csv, clip.mp4.

    An unknown or missing extension is given a chance: contents decide.
    """
    kind, packing = _TYPES.guess_type(name)
    return bool(packing) or (kind is not None and not kind.startswith("image/"))


def common_root(paths: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """The folders around a data set that say nothing: `("ds", "images")` when all lies in ds/images/<class>/.

    It stops above split folders, above several folders, and above a folder that holds files only: a class.
    """
    inner = [tuple(path) for path in paths if not is_stray(path[-1])]
    root: tuple[str, ...] = ()
    while (tops := {path[0] for path in inner if len(path) > 1}) and len(tops) == 1:
        (top,) = tops
        loose = any(len(path) == 1 for path in inner)
        if loose or split_of(top) or all(len(path) == 2 for path in inner):
            break
        root, inner = (*root, top), [path[1:] for path in inner]
    return root
