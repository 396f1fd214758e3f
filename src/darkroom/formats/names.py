"""Interpret file and folder names: splits, images, tables, and junk of operating systems.

All heuristics about names are here, collected from real archives; contents are the business of `sniff` and `decode`.
Names from archives, tables and the command line are all compared in one form, that of `normal`.
"""

import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from mimetypes import MimeTypes
from pathlib import PurePosixPath

from darkroom.runtime.errors import printable

SPLITS = ("train", "val", "test")

_SPELLINGS = {"train": "train|training", "val": "val|valid|validation|dev", "test": "test|testing|eval|evaluation"}
_SPLIT_PATTERNS = {split: re.compile(rf"({words})([ _-]?(set|data|images))?") for split, words in _SPELLINGS.items()}
_UNLABELLED = re.compile(r"(^|[ _-])(pred|predict|predictions?|unlabell?ed|unsup)($|[ _-])")
_ARRAY = re.compile(r"\.npz$|idx\d[-_.]ubyte(\.gz)?$|_batch(_\d+)?\.bin$")
_IMAGE = re.compile(r".*\.(jpe?g|jpe|jfif|png|bmp|gif|webp|tiff?|heic|heif|hif|avif|jp2|p[pgbn]m|tga)")
_DOCUMENT = re.compile(r"(readme|licen[cs]e|copying|notice|changelog|authors|makefile|dockerfile)(\..*)?")
_OTHER = re.compile(
    r".*\.(ya?ml|toml|ini|cfg|md|rst|log|jsonl|ndjson|lst|list|names|sh|ipynb)"
)  # not in Python's table
_JUNK = frozenset(
    (
        *("__macosx", ".appledouble", ".appledb", ".appledesktop", ".ds_store", ".localized", ".volumeicon.icns"),
        *(".spotlight-v100", ".trashes", ".fseventsd", ".temporaryitems", ".documentrevisions-v100", ".apdisk"),
        *("network trash folder", "temporary items", "icon\r", "icon\uf00d"),  # Finder's icon, and over SMB
        *("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "$recycle.bin", "system volume information"),
        *("picasa.ini", ".picasa.ini", ".picasaoriginals", "zbthumbnail.info", "pspbrwse.jbf"),
        *("@eadir", "@tmp", "#recycle", "#snapshot", "@sharesnap"),  # Synology
        *("@__thumb", "@recycle", ".@__thumb", ".@upload_cache", ".@__qini", ".streams", "@recently-snapshot"),  # QNAP
        *(".directory", "lost+found", ".trash", ".thumbnails", ".comments", ".nomedia"),
        *(".git", ".svn", ".hg", ".dvc", ".github", ".idea", ".vscode", ".venv", ".cache"),
        *(".ipynb_checkpoints", "__pycache__", ".stfolder", ".stversions", ".dropbox.cache"),
    )
)  # at any depth of a path; casefolded
_JUNK_FOLDERS = re.compile(r"\.trash-\d+")
_JUNK_FILES = re.compile(
    r"\._.*|.*~|~\$.*|.*\.lnk|.*\.dvc|\.fuse_hidden.*|\.nfs\d.*|thumbs\.db:.*|.*@syno(resource|eastream)"
)
_SUBMISSION = re.compile(r"sample[ _-]?submission.*")  # Kaggle's template
_CHECKSUMS = re.compile(r".*(md5|sha\d+|checksum).*")
_DELIMITED = re.compile(r".*\.(csv|tsv|tab|psv)")
_LABELS = re.compile(
    r"(.*[ ._-])?(labels?|annotations?|annots?|annos?|ground[ _-]?truth|targets?)([ ._-].*)?"
    r"\.(txt|json|jsonl|ndjson|xml|ya?ml|npy|h5|hdf5|dat|data|lst|list|db|docx?|pdf|rtf|zip|gz|tar|tgz|7z|rar)"
)
_TABLE = re.compile(
    r".*\.(csv|tsv|tab|psv|xlsx?|xlsm|xlsb|ods|numbers|parquet|feather|arrow|mat|pkl|pickle|sqlite3?|rds|dta|sav)"
    r"(\.(gz|bz2|xz|zip|zst))?"
)
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
SHOWN = 5  # kinds of files that a message names
_TYPES = MimeTypes()  # Python's own table: a machine's /etc/mime.types must not change what a data set is


def composed(text: str) -> str:
    """Return `text` in NFC: é as one character, however it was typed."""
    return unicodedata.normalize("NFC", text)


def parts_of(name: str) -> tuple[str, ...]:
    """Return the parts of a path as names are compared: in NFC, split at slashes of either kind, without `.`."""
    *parents, last = [part for part in composed(name).replace("\\", "/").split("/") if part not in ("", ".")] or [""]
    return (*map(sys.intern, parents), last) if last else ()  # one "cats" for all cats


def normal(name: str) -> str:
    """Return a path as names are compared: `parts_of`, joined with slashes."""
    return "/".join(parts_of(name))


def decoded(raw: bytes) -> tuple[str, bool]:
    """Return a name as text, and whether it is a guess: UTF-8, else the DOS code page 437, which fits any bytes."""
    try:
        return raw.decode(), False
    except UnicodeDecodeError:
        return raw.decode("cp437"), True


def split_of(folder: str) -> str:
    """Return the split that a folder name stands for: "Training_set" is train. "" for any other name."""
    return next((split for split, spelling in _SPLIT_PATTERNS.items() if spelling.fullmatch(folder.casefold())), "")


def is_unlabelled(folder: str) -> bool:
    """Return whether the name promises images to try a finished model on, as `single_prediction` does."""
    return bool(_UNLABELLED.search(folder.casefold()))


def split_in(name: str) -> str:
    """Return the split that one word of the name stands for: "trainLabels" is train. "" if none does, or several do."""
    splits = {split for word in _WORDS.findall(name) if (split := split_of(word))}
    return splits.pop() if len(splits) == 1 else split_of(name)


def is_junk(parts: Sequence[str]) -> bool:
    """Return whether a path is what desktops, network drives, editors or version control leave behind.

    Other hidden files count as junk too, except images: whether those belong to the data set is for a person to decide.
    """
    folded = [part.casefold() for part in parts]
    if not folded or ".." in folded:
        return False
    in_junk = not _JUNK.isdisjoint(folded) or any(map(_JUNK_FOLDERS.fullmatch, folded[:-1]))
    hidden = any(part.startswith(".") for part in folded)
    return in_junk or bool(_JUNK_FILES.fullmatch(folded[-1])) or (hidden and not is_image(folded[-1]))


def is_image(name: str) -> bool:
    """Return whether the name has the extension of a common image format."""
    return bool(_IMAGE.fullmatch(name.casefold()))


def is_other_file(name: str) -> bool:
    """Return whether the name is that of something other than an image: notes.txt, labels.csv, clip.mp4.

    False for an unknown or missing extension: there the contents decide.
    """
    folded = name.casefold()
    if is_image(folded):
        return False
    if _DOCUMENT.fullmatch(folded) or _OTHER.fullmatch(folded) or is_table(name):
        return True
    kind, packing = _TYPES.guess_type(name)
    return bool(packing) or (kind is not None and not kind.startswith("image/"))


def is_table(name: str) -> bool:
    """Return whether the name is that of a table, or of labels in any format: x.csv, x.xlsx, annotations.json."""
    folded = name.casefold()
    match = _TABLE.fullmatch(folded) or (_LABELS.fullmatch(folded) and not is_image(folded))
    return bool(match) and not _SUBMISSION.fullmatch(folded)


def is_delimited(name: str) -> bool:
    """Return whether the name is that of delimited text: .csv, .tsv, .tab, .psv."""
    return bool(_DELIMITED.fullmatch(name.casefold()))


def is_document(name: str) -> bool:
    """Return whether the file may mention images without labelling them: README.md, SHA256SUMS.txt."""
    folded = name.casefold()
    return any(rule.fullmatch(folded) for rule in (_DOCUMENT, _CHECKSUMS, _SUBMISSION))


def kinds(names: Iterable[str]) -> str:
    """Count the names by extension, in words: "10 .bin, 2 .txt, 1 README", or "none"."""
    return counted(Counter(map(kind, names)))


def kind(name: str) -> str:
    """Return the extension of a name, or the name itself where it has none."""
    path = PurePosixPath(name)
    return path.suffix.casefold() or path.name


def counted(counts: Counter[str]) -> str:
    """Return how often each kind comes, in the words of `kinds`."""
    more = f" and {len(counts) - SHOWN} more kinds" if len(counts) > SHOWN else ""
    first = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:SHOWN]
    return ", ".join(f"{count} {printable(kind)}" for kind, count in first) + more or "none"


def is_array(name: str) -> bool:
    """Return whether the name is that of many images in one array file, which may be as large as a data set."""
    return bool(_ARRAY.search(name.casefold()))


def is_class_name(name: str) -> bool:
    """Return whether `name`, read from a file, can safely be a folder name: one part, visible, printable."""
    return name.isprintable() and name.strip() == name != "" and name[0] != "." and not set(name) & {"/", "\\"}


def common_root(
    paths: Iterable[Sequence[str]], tables: Container[Sequence[str]] = (), others: Container[Sequence[str]] = ()
) -> tuple[str, ...]:
    """Return the outer folders that carry no meaning: `("ds", "images")` when everything lies in ds/images/<class>/.

    It stops at split folders, at several folders, and at a folder that holds only files: that is a class, unless one
    of the files is a table. Files without an image's name count only if they are among `tables` or `others`.
    """
    every = map(tuple, paths)
    counted = (path for path in every if path in tables or path in others or not is_other_file(path[-1]))
    inner = {(path[:-1], path in tables) for path in counted}  # folders of files, and whether these are tables
    root: tuple[str, ...] = ()
    while (tops := {folders[0] for folders, _ in inner if folders}) and len(tops) == 1:
        (top,) = tops
        loose = any(not folders for folders, _ in inner)
        is_class = all(len(folders) == 1 and not is_table for folders, is_table in inner)
        if loose or split_of(top) or is_class:
            break
        root, inner = (*root, top), {(folders[1:], is_table) for folders, is_table in inner}
    return root
