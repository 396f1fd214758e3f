"""Describe images by what they carry beside their content, in families of numbers and flags for rules to use.

A family is one cause: making the sizes alike makes width, height and proportions alike. A word, such as a format, is
a flag for each frequent value. File names count because they tell where images come from, not because a network could
see them: so the words of the class names are taken out first, and of their numbers only the form counts.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from darkroom.manifest import ManifestRow

GREY = 2.0  # levels between the channels; JPEG leaves a little colour in grey images
FREQUENT, MAX_FLAGS = 0.02, 12  # a flag: least fraction of the images with the value; and most flags of one word
WORD, PIECE = re.compile(r"[^\W\d_]+"), re.compile(r"[^\W\d_]+|\d+")
PLURALS = ("", "s", "es")


class Property(NamedTuple):
    """A number or a flag of n images, and the words for a rule; in those of a number, `{}` stands for the limit."""

    values: np.ndarray  # float64 (n,) or bool (n,)
    above: str  # or true
    below: str  # or false


def families(rows: Sequence[ManifestRow]) -> dict[str, list[Property]]:
    """The properties of the images by family, without those that are equal in all images.

    The order is that of cause and effect: a size makes a number of bytes.
    """
    families = {
        "group": [*_flags([row["group"] for row in rows], "the group {}", "another group than {}")],
        "size": [*_sizes(rows)],
        "format": [*_flags([row["format"] for row in rows], "the format {}", "another format than {}")],
        "colouring": [*_colouring(rows)],
        "file name": [*_names(rows)],
        "border": [*_borders(rows)],
        "bytes": [*_bytes(rows)],
        "light": [*_light(rows)],
    }
    varied = {family: list(filter(_varies, properties)) for family, properties in families.items()}
    return {family: properties for family, properties in varied.items() if properties}


def _varies(one: Property) -> bool:
    return bool(np.ptp(one.values.astype(float)) > 0)


def _number(values: Sequence[float], words: str, unit: str = "") -> Property:
    return Property(np.array(values, float), f"{words} at least {{}}{unit}", f"{words} at most {{}}{unit}")


def _flags(values: Sequence[str], yes: str, no: str) -> Iterator[Property]:
    """A flag for each frequent value; "" is no value."""
    array = np.array(values, object)
    for value, count in Counter(values).most_common(MAX_FLAGS):
        if value and count >= FREQUENT * len(values):
            escaped = value.replace("{", "{{").replace("}", "}}")  # the words are a format once more
            yield Property(array == value, yes.format(escaped), no.format(escaped))


def _sizes(rows: Sequence[ManifestRow]) -> Iterator[Property]:
    sizes = [f"{row['width']} x {row['height']} pixels" for row in rows]
    yield from _flags(sizes, "the size {}", "another size than {}")
    yield _number([row["width"] for row in rows], "a width of", " pixels")
    yield _number([row["height"] for row in rows], "a height of", " pixels")
    yield _number([row["width"] / row["height"] for row in rows], "a width to height of")
    yield _number([row["width"] * row["height"] for row in rows], "an area of", " pixels")


def _colouring(rows: Sequence[ManifestRow]) -> Iterator[Property]:
    yield Property(np.array([row["colour"] < GREY for row in rows]), "no colour", "colour")
    yield from _flags([row["mode"] for row in rows], "the mode {}", "another mode than {}")


def _borders(rows: Sequence[ManifestRow]) -> Iterator[Property]:
    yield _number([row["border_red"] for row in rows], "a border with red of")
    yield _number([row["border_green"] for row in rows], "a border with green of")
    yield _number([row["border_blue"] for row in rows], "a border with blue of")
    yield _number([row["border_spread"] for row in rows], "a border with a spread of")


def _light(rows: Sequence[ManifestRow]) -> Iterator[Property]:
    yield _number([row["brightness"] for row in rows], "a brightness of")
    yield _number([row["contrast"] for row in rows], "a contrast of")
    yield _number([row["colour"] for row in rows], "a colour of")
    yield _number([row["sharpness"] for row in rows], "a sharpness of")


def _bytes(rows: Sequence[ManifestRow]) -> Iterator[Property]:
    yield _number([row["bytes"] for row in rows], "a file of", " bytes")
    yield _number([row["bytes"] / (row["width"] * row["height"]) for row in rows], "bytes a pixel of")


def _names(rows: Sequence[ManifestRow]) -> Iterator[Property]:
    stems, _, endings = zip(*(row["path"].rpartition("/")[2].rpartition(".") for row in rows), strict=True)
    class_words = {word for row in rows for word in _words(row["label"])}
    bare = [PIECE.sub(lambda piece: _bare(piece[0], class_words), stem) for stem in stems]
    first = [next(iter(WORD.findall(stem)), "").casefold() for stem in bare]
    yield from _flags(first, "a file name with the first word {}", "a file name with another first word than {}")
    forms = [WORD.sub("a", re.sub(r"\d+", "0", stem)) for stem in bare]
    yield from _flags(forms, "a file name of the form {}", "a file name of another form than {}")
    lengths = [len(re.sub(r"\d+", "0", stem)) for stem in bare]
    yield _number(lengths, "a file name, its numbers shortened, of", " characters")
    yield from _flags(endings, "the ending .{}", "another ending than .{}")
    digits = [max(map(len, re.findall(r"\d+", stem)), default=0) for stem in bare]
    if any(re.search(r"(?<!\d)0\d", stem) for stem in bare):  # else the digits only count the images
        yield _number(digits, "a file name with a number of", " digits")


def _words(label: str) -> Iterator[str]:
    for word in (*WORD.findall(label.casefold()), "".join(WORD.findall(label.casefold()))):
        yield from (word.removesuffix(ending) for ending in PLURALS)


def _bare(piece: str, class_words: set[str]) -> str:
    """The piece of a name, "" for a word of a class name, singular or plural."""
    return "" if class_words & {piece.casefold().removesuffix(ending) for ending in PLURALS} else piece
