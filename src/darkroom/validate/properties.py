"""What an image carries beside its content, as numbers and flags that a rule can be made of, in families.

A family is one cause: who mends the sizes mends width, height and proportions. A word, such as a format, is a flag for
each frequent value. File names count as they tell where images come from, not because a network could see them:
so the words of the class names are taken out first, and of the numbers in them only how they are written is left.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from darkroom.dataset import image_stats

GREY = 2.0  # levels between the channels; JPEG leaves a little colour in grey images
FREQUENT, KINDS = 0.02, 12  # of one word: least fraction of the images with a value, and most values
WORD, PIECE = re.compile(r"[^\W\d_]+"), re.compile(r"[^\W\d_]+|\d+")
PLURALS = ("", "s", "es")


class Property(NamedTuple):
    """A number or a flag of n images, and the words for a rule: `{}` is for the limit in those of a number."""

    values: np.ndarray  # float64 (n,) or bool (n,)
    above: str  # or true
    below: str  # or false


def families(rows: Sequence[Mapping]) -> dict[str, list[Property]]:
    """The properties of the images by family; what is equal in all of them is left out, as it tells nothing.

    `rows` are those of a manifest. The order is that of cause and effect: a size makes a number of bytes.
    """
    found = {
        "group": [*_flags([row["group"] for row in rows], "the group {}", "another group than {}")],
        "size": [*_sizes(rows)],
        "format": [*_flags([row["format"] for row in rows], "the format {}", "another format than {}")],
        "colouring": [*_colouring(rows)],
        "file name": [*_names(rows)],
        "border": [*_borders(rows)],
        "bytes": [*_bytes(rows)],
        "light": [_number(rows, name, f"a {name} of") for name in ("brightness", "contrast", "colour", "sharpness")],
    }
    varied = {family: [each for each in its if np.ptp(each.values.astype(float)) > 0] for family, its in found.items()}
    return {family: its for family, its in varied.items() if its}


def _number(rows: Sequence[Mapping], name: str, words: str) -> Property:
    return _measured([row[name] for row in rows], words)


def _measured(values: Sequence[float], words: str, unit: str = "") -> Property:
    return Property(np.array(values, float), f"{words} at least {{}}{unit}", f"{words} at most {{}}{unit}")


def _flags(values: Sequence[str], yes: str, no: str) -> Iterator[Property]:
    """A flag for each frequent value; "" is no value."""
    array = np.array(values, object)
    for value, count in Counter(values).most_common(KINDS):
        if value and count >= FREQUENT * len(values):
            told = value.replace("{", "{{").replace("}", "}}")  # the words are a format once more
            yield Property(array == value, yes.format(told), no.format(told))


def _sizes(rows: Sequence[Mapping]) -> Iterator[Property]:
    sizes = [f"{row['width']} x {row['height']} pixels" for row in rows]
    yield from _flags(sizes, "the size {}", "another size than {}")
    yield _measured([row["width"] for row in rows], "a width of", " pixels")
    yield _measured([row["height"] for row in rows], "a height of", " pixels")
    yield _measured([row["width"] / row["height"] for row in rows], "a width to height of")
    yield _measured([row["width"] * row["height"] for row in rows], "an area of", " pixels")


def _colouring(rows: Sequence[Mapping]) -> Iterator[Property]:
    yield Property(np.array([row["colour"] < GREY for row in rows]), "no colour", "colour")
    yield from _flags([row["mode"] for row in rows], "the mode {}", "another mode than {}")


def _borders(rows: Sequence[Mapping]) -> Iterator[Property]:
    words = "a border with red of", "a border with green of", "a border with blue of", "a border with a spread of"
    yield from (_number(rows, name, told) for name, told in zip(image_stats.BORDER, words, strict=True))


def _bytes(rows: Sequence[Mapping]) -> Iterator[Property]:
    yield _measured([row["bytes"] for row in rows], "a file of", " bytes")
    yield _measured([row["bytes"] / (row["width"] * row["height"]) for row in rows], "bytes a pixel of")


def _names(rows: Sequence[Mapping]) -> Iterator[Property]:
    stems, _, endings = zip(*(row["path"].rpartition("/")[2].rpartition(".") for row in rows), strict=True)
    known = {word for row in rows for word in _words(row["label"])}
    bare = [PIECE.sub(lambda found: _bare(found[0], known), stem) for stem in stems]
    first = [next(iter(WORD.findall(stem)), "").casefold() for stem in bare]
    yield from _flags(first, "a file name with the first word {}", "a file name with another first word than {}")
    forms = [WORD.sub("a", re.sub(r"\d+", "0", stem)) for stem in bare]
    yield from _flags(forms, "a file name of the form {}", "a file name of another form than {}")
    lengths = [len(re.sub(r"\d+", "0", stem)) for stem in bare]
    yield _measured(lengths, "a file name, its numbers shortened, of", " characters")
    yield from _flags(endings, "the ending .{}", "another ending than .{}")
    digits = [max(map(len, re.findall(r"\d+", stem)), default=0) for stem in bare]
    if any(re.search(r"(?<!\d)0\d", stem) for stem in bare):  # else the digits only tell how many images there are
        yield _measured(digits, "a file name with a number of", " digits")


def _words(label: str) -> Iterator[str]:
    for word in (*WORD.findall(label.casefold()), "".join(WORD.findall(label.casefold()))):
        yield from (word.removesuffix(ending) for ending in PLURALS)


def _bare(piece: str, known: set[str]) -> str:
    """The piece of a name, "" for a word of a class name, whether of one or of many."""
    return "" if known & {piece.casefold().removesuffix(ending) for ending in PLURALS} else piece
