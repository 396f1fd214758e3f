"""Turn data sets that come as arrays into images in class folders, like all others.

Three formats: npz (`npz`), idx as used by MNIST (gzipped or not), and CIFAR-10's binary batches. The sizes that their
headers declare are checked before any image is read. Each image becomes a lossless PNG. The price: 0.1 ms per image.
"""

import gzip
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import PurePosixPath
from typing import TypeVar

import numpy as np

from darkroom import png
from darkroom.formats import names
from darkroom.ingest import inspection, npz, size_limits
from darkroom.ingest.image_arrays import SHOWN, ImageArray, check_shape, fault, read_rows
from darkroom.ingest.spool import SpooledFiles
from darkroom.ingest.streams import Stream
from darkroom.params import Ingest
from darkroom.runtime.errors import DataError, printable

Item = TypeVar("Item")

CLASS_FILES = ("batches.meta.txt", "classes.txt")  # one class name per line, in the order of the class numbers
IDX = re.compile(
    r"(?P<stem>.*?)(?P<split>train|t10k|test|val|valid|validation)[-_.]images[-_.]idx[34][-_.]ubyte(\.gz)?"
)
CIFAR = re.compile(r"(?P<split>data|test)_batch(_\d+)?\.bin")
SPLIT_OF = {"t10k": "test", "data": "train"}  # spellings that only these formats use
IMAGES, LABELS = (3, 4), (1,)  # dimensions of an idx file
CIFAR_ROW, CIFAR_SHAPE = 1 + 3 * 32 * 32, (3, 32, 32)  # a label, then the planes red, green, blue


def unfold(spooled: SpooledFiles, limits: Ingest) -> Iterator[tuple[str, bytes]]:
    """Yield the images of all arrays as PNG with their paths: <split>/<class>/<name>-<number>.png.

    Raises DataError (exit 3) when the arrays are damaged, of another kind, or beyond the limits.
    """
    paths = sorted(PurePosixPath(path) for path in spooled.pieces if _is_relevant(path.rpartition("/")[2]))
    found = chain(_from_npz(spooled, paths, limits), _from_idx(spooled, paths), _from_cifar(spooled, paths))
    arrays = list(_reading(found))
    if arrays and not any(array.n for array in arrays):
        raise fault("arrays", "have no images", "get the archive again, or remove them")
    _check_limits(arrays, limits)
    _check_names(arrays)
    classes = list(_reading(_class_names(spooled, paths)))
    for array in arrays:
        yield from _images(array, _reading(array.rows()), classes)


def _is_relevant(name: str) -> bool:
    return names.is_array(name) or name in CLASS_FILES


def _reading(items: Iterator[Item]) -> Iterator[Item]:
    """Yield `items`; any exception becomes a DataError, because bytes from strangers fail in every possible way."""
    try:
        yield from items
    except Exception as reason:
        inspection.reraise_if_known(reason)
        raise fault("arrays", f"cannot be read: {str(reason):.{SHOWN}}", "get the archive again") from reason


def _images(
    array: ImageArray, rows: Iterator[tuple[object, np.ndarray]], classes: Sequence[str]
) -> Iterator[tuple[str, bytes]]:
    for number, (label, pixels) in enumerate(rows):
        folder = PurePosixPath(array.split, _class_of(label, classes))
        yield str(folder / f"{array.name}-{number:06}.png"), png.encode(pixels)


def _class_of(label: object, classes: Sequence[str]) -> str:
    name = str(label)
    if classes and name.isdecimal() and int(name) < len(classes):
        name = classes[int(name)]
    if not names.is_class_name(name) or len(name.encode()) > inspection.NAME_BYTES:
        raise fault("labels", f"{name[:SHOWN]!r} cannot be the name of a class", "rename it")
    return name


def _class_names(spooled: SpooledFiles, paths: Iterable[PurePosixPath]) -> Iterator[str]:
    texts = (spooled.read(str(path)).decode() for path in paths if path.name in CLASS_FILES)
    return (line.strip() for line in next(texts, "").splitlines() if line.strip())


def _check_limits(arrays: Sequence[ImageArray], limits: Ingest) -> None:
    """Raise DataError for the first limit that is exceeded. An image of an array counts as a file."""
    total = size_limits.Total(limits)
    for array in arrays:
        total.add(array)
    exceeded = [
        *size_limits.entry_count(sum(array.n for array in arrays), "images", limits),
        *total.size_faults(),
    ]
    for array in arrays:
        image = array.size // max(array.n, 1)
        exceeded += size_limits.entry_size(f"an image of {array.name}", image, limits.max_entry_bytes)
        exceeded += size_limits.entry_ratio(array.name, array, limits)
    exceeded += total.ratio_faults()
    if exceeded:
        code, name, why, fix = exceeded[0]
        raise DataError(code, printable(f"{name or 'arrays:'} {why}"), where=name or "arrays", fix=fix)


def _check_names(arrays: Sequence[ImageArray]) -> None:
    """Raise DataError when two arrays share a name, after which images are named: one would overwrite the other."""
    for (split, name), count in Counter((array.split, array.name) for array in arrays).items():
        if count > 1:
            what = f"{name} is there {count} times for {split or 'no split'}"
            raise fault("arrays", what, "keep one, or rename the files", code="E_NAME_CONFLICT")


def _from_cifar(spooled: SpooledFiles, paths: Iterable[PurePosixPath]) -> Iterator[ImageArray]:
    for path in paths:
        if match := CIFAR.fullmatch(path.name):
            size = spooled.pieces[str(path)].bytes
            n, rest = divmod(size, CIFAR_ROW)
            if rest:
                raise fault(path, f"has {size} bytes, expected a multiple of {CIFAR_ROW}", "get the archive again")
            split = SPLIT_OF.get(match["split"], match["split"])
            yield ImageArray(split, path.stem, n, size, size, partial(_cifar_rows, spooled, path, n))


def _cifar_rows(spooled: SpooledFiles, path: PurePosixPath, n: int) -> Iterator[tuple[int, np.ndarray]]:
    with spooled.open(str(path)) as file:
        for row in read_rows(file, n, CIFAR_ROW):
            yield int(row[0]), row[1:].reshape(CIFAR_SHAPE).transpose(1, 2, 0)


def _from_idx(spooled: SpooledFiles, paths: Sequence[PurePosixPath]) -> Iterator[ImageArray]:
    for path in paths:
        if match := IDX.fullmatch(path.name):
            labels = _labels_beside(path, paths)
            with _open(spooled, path) as file:
                n, *shape = _idx_shape(path, file, IMAGES)
            check_shape(path, shape)
            split = names.split_of(SPLIT_OF.get(match["split"], match["split"]))
            name, size = f"{match['stem']}{match['split']}", n * math.prod(shape)
            packed, rows = spooled.pieces[str(path)].bytes, partial(_idx_rows, spooled, path, labels)
            yield ImageArray(split, name, n, size, packed, rows)


def _labels_beside(images: PurePosixPath, paths: Sequence[PurePosixPath]) -> PurePosixPath:
    """Return the file with the labels of `images`, gzipped or not."""
    name = images.name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1")
    labels = images.with_name(name)
    for path in (labels, labels.with_suffix(""), PurePosixPath(f"{labels}.gz")):
        if path in paths:
            return path
    raise fault(images, "has no file of labels beside it", "add it")


def _idx_rows(spooled: SpooledFiles, path: PurePosixPath, labels: PurePosixPath) -> Iterator[tuple[int, np.ndarray]]:
    with _open(spooled, path) as file, _open(spooled, labels) as label_file:
        (n, *shape), (n_labels,) = _idx_shape(path, file, IMAGES), _idx_shape(labels, label_file, LABELS)
        if n != n_labels:
            raise fault(path, f"has {n} images and {n_labels} labels", "get the archive again")
        for row, label in zip(read_rows(file, n, math.prod(shape)), read_rows(label_file, n, 1), strict=True):
            yield int(label[0]), row.reshape(shape)


def _open(spooled: SpooledFiles, path: PurePosixPath) -> Stream:
    file = spooled.open(str(path))
    return gzip.open(file) if path.suffix == ".gz" else file


def _idx_shape(path: PurePosixPath, file: Stream, dimensions: Sequence[int]) -> tuple[int, ...]:
    """Read the header: two zeros, the type (8 is unsigned byte), the number of dimensions, and four bytes for each."""
    head = file.read(4)
    if len(head) < 4 or head[:3] != b"\0\0\x08" or head[3] not in dimensions:
        expected = " or ".join(map(str, dimensions))
        what = f"is no idx file of unsigned bytes in {expected} dimensions (it begins with {head!r})"
        raise fault(path, what, "get the archive again")
    sizes = file.read(4 * head[3])
    if len(sizes) < 4 * head[3]:
        raise EOFError(f"{path.name} is cut")
    return tuple(int(size) for size in np.frombuffer(sizes, ">u4"))


def _from_npz(spooled: SpooledFiles, paths: Iterable[PurePosixPath], limits: Ingest) -> Iterator[ImageArray]:
    for path in paths:
        if path.suffix == npz.SUFFIX:
            yield from npz.read(spooled, path, limits)
