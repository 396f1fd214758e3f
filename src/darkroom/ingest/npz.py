"""Images and labels in an npz, NumPy's zip of arrays: x_train and y_train, or train_images and train_labels.

NumPy parses the headers, and the sizes that they declare are checked before any row is read. Objects are never
unpickled.
"""

import math
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import PurePosixPath
from types import SimpleNamespace

import numpy as np
from numpy.lib import format as npy

from darkroom.formats import names
from darkroom.ingest import inspection, zips
from darkroom.ingest.image_arrays import SHOWN, ImageArray, check_shape, fault, read_rows
from darkroom.ingest.members import Member, Members
from darkroom.ingest.spool import SpooledFiles
from darkroom.ingest.streams import Stream
from darkroom.params import Ingest

Opener = Callable[[], AbstractContextManager[Members]]

SUFFIX = ".npz"
KEY = re.compile(r"(?:(?:x|images)_(?P<after>\w+)|(?P<before>\w+)_(?:x|images))\.npy")
HEADER = 64 << 10  # bytes; NumPy itself refuses to evaluate more than 10,000, but only after it has read them
LARGEST = 1 << 63  # length of any axis; Python would accept a number of any length, and fail to print it
LABEL = 4 * inspection.NAME_BYTES  # bytes of a label, which becomes the name of a folder


def read(spooled: SpooledFiles, path: PurePosixPath, limits: Ingest) -> list[ImageArray]:
    """Return the arrays of images in the file at `path`.

    Raises DataError (exit 3), and whatever NumPy raises for damaged headers.
    """
    with _members(spooled, path, limits) as members:
        by_name = {member.raw: member for member in members}
        for member in members:
            for refusal in member.faults:
                raise fault(path, f"holds {refusal.member}, which {refusal.why}", refusal.fix, code=refusal.code)
        again = partial(_members, spooled, path, limits)
        arrays = [_array(path, by_name, match, again) for name in by_name if (match := KEY.fullmatch(name))]
    if not arrays:
        raise fault(path, "has no x_train", "name the arrays x_train, y_train, x_test and y_test")
    return arrays


@contextmanager
def _members(spooled: SpooledFiles, path: PurePosixPath, limits: Ingest) -> Iterator[Members]:
    with spooled.open(str(path)) as file, zips.members(file, path, limits) as listed:
        yield listed


def _array(path: PurePosixPath, members: dict[str, Member], key: re.Match[str], again: Opener) -> ImageArray:
    name, word = key[0], key["after"] or key["before"]
    split, labels = names.split_of(word), re.sub("^x_|x(?=[.])", _y, name).replace("images", "labels")
    if not split or labels not in members:
        raise fault(path, f"has {name} without labels, or of an unknown split", "add y_train and so on")
    with members[name].open() as file:
        (n, *shape), dtype = _header(path, file)
    if dtype != np.uint8:
        raise fault(path, f"has {name} of {str(dtype):.{SHOWN}}, expected uint8", "store 0 to 255")
    check_shape(path, shape)
    rows = partial(_rows, path, name, labels, again)
    return ImageArray(split, word, n, n * math.prod(shape), members[name].packed, rows)


def _y(match: re.Match[str]) -> str:
    return match[0].replace("x", "y")


def _rows(path: PurePosixPath, images: str, labels: str, again: Opener) -> Iterator[tuple[object, np.ndarray]]:
    with ExitStack() as stack:
        members = {member.raw: member for member in stack.enter_context(again())}
        image_file, label_file = (stack.enter_context(members[name].open()) for name in (images, labels))
        (n, *shape), _ = _header(path, image_file)
        (n_labels, *inner), dtype = _header(path, label_file)
        if n_labels != n or math.prod(inner) != 1 or dtype.kind not in "iuU" or not 0 < dtype.itemsize <= LABEL:
            kind = f"{str((n_labels, *inner)):.{SHOWN}} and {str(dtype):.{SHOWN}}"
            what = f"has {n} images and labels of shape {kind}; expected {n} numbers or words"
            raise fault(path, what, f"store {labels} with one label per image")
        numbers = (row.view(dtype)[0] for row in read_rows(label_file, n, dtype.itemsize))
        for row, label in zip(read_rows(image_file, n, math.prod(shape)), numbers, strict=True):
            yield label, row.reshape(shape)


def _header(path: PurePosixPath, file: Stream) -> tuple[tuple[int, ...], np.dtype]:
    """Return shape and dtype of the array that follows in `file`."""
    bounded = SimpleNamespace(read=partial(_read_bounded, file))
    version = npy.read_magic(bounded)
    parse = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
    with warnings.catch_warnings(action="ignore"):  # Python and NumPy warn about the contents of headers
        shape, columns_first, dtype = parse(bounded) if parse else ((), True, np.dtype(object))
    is_plain = shape and not (columns_first and len(shape) > 1) and not dtype.hasobject
    if not is_plain or any(type(size) is not int or not 0 <= size < LARGEST for size in shape):
        raise fault(path, "holds an array that is no plain table of values", "save it with numpy.savez of arrays")
    return shape, dtype


def _read_bounded(file: Stream, size: int) -> bytes:
    if size > HEADER:
        raise ValueError(f"a header of {size} bytes")
    return file.read(size)
