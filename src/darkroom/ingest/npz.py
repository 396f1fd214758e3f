"""Images and labels in an npz, NumPy's zip of arrays: x_train and y_train, or train_images and train_labels.

NumPy reads the headers, and what they say is held against the limits before any row is read. Objects are never
unpickled.
"""

import math
import re
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from darkroom.formats import names
from darkroom.ingest import inspection, zips
from darkroom.ingest.inspection import Member
from darkroom.ingest.parts import SHOWN, Part, equal, fault, insist_on_shape
from darkroom.params import Ingest

SUFFIX = ".npz"
KEY = re.compile(r"(?:(?:x|images)_(?P<after>\w+)|(?P<before>\w+)_(?:x|images))\.npy")
HEADER = 64 << 10  # bytes; NumPy itself refuses to evaluate more than 10,000, but only when it has read them
LARGEST = 1 << 63  # of any array's sides; Python would take a number of any length, and not print it
LABEL = 4 * inspection.NAME_BYTES  # bytes of a label, which becomes the name of a folder


def parts(path: Path, limits: Ingest) -> list[Part]:
    """The arrays of images in `path`. Raises DataError (exit 3), and whatever NumPy raises for damaged headers."""
    with zips.members(path, limits) as members:
        inside = {member.raw: member for member in members}
        for member in members:
            for why in member.faults:
                raise fault(path, f"holds {why.member}, which {why.why}", why.fix, code=why.code)
        found = [_part(path, inside, name, limits) for name in inside if KEY.fullmatch(name)]
    if not found:
        raise fault(path, "has no x_train", "name the arrays x_train, y_train, x_test and y_test")
    return found


def _part(path: Path, inside: dict[str, Member], name: str, limits: Ingest) -> Part:
    match = KEY.fullmatch(name)
    word = match["after"] or match["before"]
    side, labels = names.split_of(word), re.sub("^x_|x(?=[.])", _y, name).replace("images", "labels")
    if not side or labels not in inside:
        raise fault(path, f"has {name} without labels, or of an unknown side", "add y_train and so on")
    with inside[name].open() as file:
        (n, *shape), dtype = _header(path, file)
    if dtype != np.uint8:
        raise fault(path, f"has {name} of {str(dtype):.{SHOWN}}, expected uint8", "store 0 to 255")
    insist_on_shape(path, shape)
    rows = partial(_rows, path, name, labels, limits)
    return Part(side, word, n, n * math.prod(shape), inside[name].packed, rows)


def _y(match: re.Match) -> str:
    return match[0].replace("x", "y")


def _rows(path: Path, name: str, labels: str, limits: Ingest) -> Iterator[tuple[object, np.ndarray]]:
    with ExitStack() as stack:
        inside = {member.raw: member for member in stack.enter_context(zips.members(path, limits))}
        file, listed = (stack.enter_context(inside[each].open()) for each in (name, labels))
        (n, *shape), _ = _header(path, file)
        (many, *inner), dtype = _header(path, listed)
        if many != n or math.prod(inner) != 1 or dtype.kind not in "iuU" or not 0 < dtype.itemsize <= LABEL:
            said = f"{str((many, *inner)):.{SHOWN}} and {str(dtype):.{SHOWN}}"
            what = f"has {n} images and labels of shape {said}; expected {n} numbers or words"
            raise fault(path, what, f"store {labels} with one label an image")
        numbers = (row.view(dtype)[0] for row in equal(listed, n, dtype.itemsize))
        for row, label in zip(equal(file, n, math.prod(shape)), numbers, strict=True):
            yield label, row.reshape(shape)


def _header(path: Path, file: BinaryIO) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and type of the array that follows in `file`."""
    bounded = SimpleNamespace(read=partial(_little, file))
    version = npy.read_magic(bounded)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
    with warnings.catch_warnings(action="ignore"):  # Python and NumPy warn of what a header says
        shape, columns_first, dtype = read(bounded) if read else ((), True, None)
    plain = shape and not (columns_first and len(shape) > 1) and not dtype.hasobject
    if not plain or any(type(size) is not int or not 0 <= size < LARGEST for size in shape):
        raise fault(path, "holds an array that is no plain table of values", "save it with numpy.savez of arrays")
    return shape, dtype


def _little(file: BinaryIO, size: int) -> bytes:
    if size > HEADER:
        raise ValueError(f"a header of {size} bytes")
    return file.read(size)
