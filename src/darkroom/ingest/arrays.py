"""Data sets that come as arrays become images in class folders, like all others.

Three formats: npz (`npz`), idx as MNIST has it (gzipped or not), and CIFAR-10's binary batches. What a header
declares is held against the limits before any image is read.
Each image becomes a PNG without loss. The price: 0.1 ms and a file for each.
"""

import gzip
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np

from darkroom import png
from darkroom.formats import names
from darkroom.ingest import inspection, npz
from darkroom.ingest.parts import SHOWN, Part, equal, fault, insist_on_shape
from darkroom.params import Ingest
from darkroom.runtime import files
from darkroom.runtime.errors import DarkroomError

CLASS_FILES = ("batches.meta.txt", "classes.txt")  # a class a line, in the order of the numbers
IDX = re.compile(r"(?P<stem>.*?)(?P<side>train|t10k|test|val|valid|validation)[-_.]images[-_.]idx[34][-_.]ubyte(\.gz)?")
CIFAR = re.compile(r"(?P<side>data|test)_batch(_\d+)?\.bin")
SIDE_OF = {"t10k": "test", "data": "train"}  # spellings that only these formats use
IMAGES, LABELS = (3, 4), (1,)  # dimensions of an idx file
CIFAR_ROW, CIFAR_SHAPE = 1 + 3 * 32 * 32, (3, 32, 32)  # a label, then the planes red, green, blue


def unfold(folder: Path, out: Path, limits: Ingest) -> int:
    """Write the arrays found in `folder` as `out`/<side>/<class>/<name>-<number>.png and return how many: 0 for none.

    Raises DataError (exit 3) when they are damaged, of another kind, or beyond the limits.
    """
    found = sorted(path for path in files.below(folder) if names.is_array(path.name) or path.name in CLASS_FILES)
    parts = list(_told(folder, chain(_of_npz(found, limits), _of_idx(found), _of_cifar(found))))
    _insist_on_limits(parts, limits)
    _insist_on_names(parts)
    classes = list(_told(folder, _class_names(found)))
    return sum(_write(part, _told(folder, part.rows()), classes, out) for part in parts)


def _told(folder: Path, reading: Iterator) -> Iterator:
    """What `reading` gives; whatever goes wrong in it becomes a DataError, as strangers' bytes fail in any way."""
    try:
        yield from reading
    except DarkroomError:
        raise
    except Exception as reason:
        inspection.raise_if_of_system(reason)
        raise fault(folder, f"cannot be read: {str(reason):.{SHOWN}}", "get the archive again") from reason


def _write(part: Part, rows: Iterator[tuple[object, np.ndarray]], classes: Sequence[str], out: Path) -> int:
    for number, (label, pixels) in enumerate(rows):
        folder = out / part.side / _class_of(label, classes)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{part.name}-{number:06}.png").write_bytes(png.encode(pixels))
    return part.n


def _class_of(label: object, classes: Sequence[str]) -> str:
    name = str(label)
    if classes and name.isdecimal() and int(name) < len(classes):
        name = classes[int(name)]
    if not names.is_class_name(name) or len(name.encode()) > inspection.NAME_BYTES:
        raise fault("labels", f"{name[:SHOWN]!r} cannot be the name of a class", "rename it")
    return name


def _class_names(found: Iterable[Path]) -> Iterator[str]:
    lists = (path.read_text(encoding="utf-8") for path in found if path.name in CLASS_FILES)
    return (line.strip() for line in next(lists, "").splitlines() if line.strip())


def _insist_on_limits(parts: Sequence[Part], limits: Ingest) -> None:
    n, size = sum(part.n for part in parts), sum(part.size for part in parts)
    largest = max((part.size // part.n for part in parts if part.n), default=0)
    trust = "if you trust this archive"
    if n > limits.max_entries:
        raise fault("arrays", f"{n} images, more than {limits.max_entries}", f"raise ingest.max_entries {trust}")
    if largest > limits.max_entry_bytes:
        what = f"an image of {largest} bytes, more than {limits.max_entry_bytes}"
        raise fault("arrays", what, f"raise ingest.max_entry_bytes {trust}")
    if size > limits.max_total_bytes:
        what = f"{size} bytes, more than {limits.max_total_bytes}"
        raise fault("arrays", what, f"raise ingest.max_total_bytes {trust}")
    swelling = [inspection.swelling(part.size, part.packed, limits) for part in parts]
    alone = [part for part, much in zip(parts, swelling, strict=True) if much and part.size > inspection.SMALL]
    if alone or sum(swelling) > inspection.ALLOWANCE:
        size, packed = sum(part.size for part in alone or parts), sum(part.packed for part in alone or parts)
        what = f"swell from {packed} to {size} bytes, more than {limits.max_ratio:g} to 1"
        raise fault("arrays", what, f"raise ingest.max_ratio {trust}", code="E_ARCHIVE_BOMB")


def _insist_on_names(parts: Sequence[Part]) -> None:
    """Images are named after their part: a second one of the same name would take the place of the first."""
    for (side, name), many in Counter((part.side, part.name) for part in parts).items():
        if many > 1:
            what = f"{name} is there {many} times for {side or 'no side'}"
            raise fault("arrays", what, "keep one, or rename the files", code="E_NAME_CONFLICT")


def _of_cifar(found: Iterable[Path]) -> Iterator[Part]:
    for path in found:
        if match := CIFAR.fullmatch(path.name):
            size = path.stat().st_size
            n, rest = divmod(size, CIFAR_ROW)
            if rest:
                raise fault(path, f"has {size} bytes, expected a multiple of {CIFAR_ROW}", "get the archive again")
            side = SIDE_OF.get(match["side"], match["side"])
            yield Part(side, path.stem, n, size, size, partial(_cifar_rows, path, n))


def _cifar_rows(path: Path, n: int) -> Iterator[tuple[int, np.ndarray]]:
    with path.open("rb") as file:
        for row in equal(file, n, CIFAR_ROW):
            yield int(row[0]), row[1:].reshape(CIFAR_SHAPE).transpose(1, 2, 0)


def _of_idx(found: Sequence[Path]) -> Iterator[Part]:
    for path in found:
        if match := IDX.fullmatch(path.name):
            labels = path.with_name(
                path.name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1")
            )
            labels = next((p for p in (labels, labels.with_suffix(""), Path(f"{labels}.gz")) if p in found), None)
            if labels is None:
                raise fault(path, "has no file of labels beside it", "add it")
            with _opened(path) as file:
                n, *shape = _idx_shape(path, file, IMAGES)
            insist_on_shape(path, shape)
            side = names.split_of(SIDE_OF.get(match["side"], match["side"]))
            size = n * math.prod(shape)
            rows = partial(_idx_rows, path, labels)
            yield Part(side, f"{match['stem']}{match['side']}", n, size, path.stat().st_size, rows)


def _idx_rows(path: Path, labels: Path) -> Iterator[tuple[int, np.ndarray]]:
    with _opened(path) as file, _opened(labels) as numbers:
        (n, *shape), (listed,) = _idx_shape(path, file, IMAGES), _idx_shape(labels, numbers, LABELS)
        if n != listed:
            raise fault(path, f"has {n} images and {listed} labels", "get the archive again")
        for row, label in zip(equal(file, n, math.prod(shape)), equal(numbers, n, 1), strict=True):
            yield int(label[0]), row.reshape(shape)


def _opened(path: Path) -> BinaryIO:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")


def _idx_shape(path: Path, file: BinaryIO, dimensions: Sequence[int]) -> tuple[int, ...]:
    """Two zeros, the type (8 is unsigned byte), the number of dimensions, and each of them in four bytes."""
    head = file.read(4)
    if len(head) < 4 or head[:3] != b"\0\0\x08" or head[3] not in dimensions:
        many = " or ".join(map(str, dimensions))
        what = f"is no idx file of unsigned bytes in {many} dimensions (it begins with {head!r})"
        raise fault(path, what, "get the archive again")
    sizes = file.read(4 * head[3])
    if len(sizes) < 4 * head[3]:
        raise EOFError(f"{path.name} is cut")
    return tuple(int(size) for size in np.frombuffer(sizes, ">u4"))


def _of_npz(found: Iterable[Path], limits: Ingest) -> Iterator[Part]:
    for path in found:
        if path.suffix == npz.SUFFIX:
            yield from npz.parts(path, limits)
