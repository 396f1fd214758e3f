"""What names of files and folders mean: a split, junk of some desktop, something that is no picture.

Every rule about names is here, and each is a guess that people's archives taught us; contents are `decode`'s.
"""

import re
from collections.abc import Container, Iterable, Sequence
from mimetypes import MimeTypes

SIDES = ("train", "val", "test")

_SPELLINGS = {"train": "train|training", "val": "val|valid|validation|dev", "test": "test|testing|eval|evaluation"}
_SPLITS = {side: re.compile(rf"({words})([ _-]?(set|data|images))?") for side, words in _SPELLINGS.items()}
_UNLABELLED = re.compile(r"(^|[ _-])(pred|predict|predictions?|unlabell?ed|unsup)($|[ _-])")
_ARRAY = re.compile(r"\.npz$|idx\d[-_.]ubyte(\.gz)?$|_batch(_\d+)?\.bin$")
_JUNK = {"__macosx", "thumbs.db", "desktop.ini", "@eadir"}
_TYPES = MimeTypes()  # Python's own table: the machine's /etc/mime.types must not decide what a data set is


def decoded(raw: bytes) -> tuple[str, bool]:
    """A name as text, and whether that is a guess: UTF-8, else the code page of DOS, which fits any bytes."""
    try:
        return raw.decode(), False
    except UnicodeDecodeError:
        return raw.decode("cp437"), True


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


def is_array(name: str) -> bool:
    """True for a file that by its name holds many pictures: it may be as large as a whole data set."""
    return bool(_ARRAY.search(name.casefold()))


def is_class_name(name: str) -> bool:
    """Whether `name`, which somebody wrote into a file, can be a folder: one part, visible, printable."""
    return name.isprintable() and name.strip() == name != "" and name[0] != "." and not set(name) & {"/", "\\"}


def common_root(paths: Iterable[Sequence[str]], stops: Container[Sequence[str]] = ()) -> tuple[str, ...]:
    """The folders around a data set that say nothing: `("ds", "images")` when all lies in ds/images/<class>/.

    It stops above split folders, above several folders, above a folder that holds files only: a class, and in
    `stops`.
    """
    inner = [tuple(path) for path in paths if not is_stray(path[-1])]
    root: tuple[str, ...] = ()
    while root not in stops and (tops := {path[0] for path in inner if len(path) > 1}) and len(tops) == 1:
        (top,) = tops
        loose = any(len(path) == 1 for path in inner)
        if loose or split_of(top) or all(len(path) == 2 for path in inner):
            break
        root, inner = (*root, top), [path[1:] for path in inner]
    return root
