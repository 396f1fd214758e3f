"""Data sets that come as arrays become pictures in class folders, like all others.

Three formats: npz (x_train, y_train, x_test, y_test, or train_images, train_labels, ...), idx as MNIST has it
(gzipped or not), and CIFAR-10's binary batches. Each is read as a stream of equal rows, so memory holds one chunk
whatever n is, and what a header declares is held against the limits before anything is read.
Each picture becomes a PNG without loss. The price: 0.1 ms and a file for each.
"""

import gzip
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from darkroom import files
from darkroom.data import names, png
from darkroom.errors import DataError, printable
from darkroom.params import Ingest

NPZ = ".npz"
CLASS_FILES = ("batches.meta.txt", "classes.txt")  # a class a line, in the order of the numbers
IDX = re.compile(r"(?P<stem>.*?)(?P<side>train|t10k|test|val|valid|validation)[-_.]images[-_.]idx[34][-_.]ubyte(\.gz)?")
CIFAR = re.compile(r"(?P<side>data|test)_batch(_\d+)?\.bin")
KEY = re.compile(r"(?:(?:x|images)_(?P<after>\w+)|(?P<before>\w+)_(?:x|images))\.npy")
SIDE_OF = {"t10k": "test", "data": "train"}  # spellings that only these formats use
CHANNELS = (1, 3, 4)
CIFAR_ROW, CIFAR_SHAPE = 1 + 3 * 32 * 32, (3, 32, 32)  # a label, then the planes red, green, blue
CHUNK = 1 << 20  # bytes read at a time
SMALL = 1 << 20  # bytes; below it no ratio is suspicious


@dataclass(frozen=True)
class Part:
    """n pictures of one side. `size` is that of all pixels and `packed` of the file or member, in bytes."""

    side: str
    name: str
    n: int
    size: int
    packed: int
    rows: Callable[[], Iterator[tuple[object, np.ndarray]]]  # n times: label, uint8 (h, w) or (h, w, c)


def unfold(folder: Path, out: Path, limits: Ingest) -> int:
    """Write the arrays found in `folder` as `out`/<side>/<class>/<name>-<number>.png and return how many: 0 for none.

    Raises DataError (exit 3) when they are damaged, of another kind, or beyond the limits.
    """
    found = sorted(path for path in files.below(folder) if names.is_array(path.name) or path.name in CLASS_FILES)
    try:
        parts = [*_of_npz(found), *_of_idx(found), *_of_cifar(found)]
        _insist_on_limits(parts, limits)
        classes = _class_names(found)
        return sum(_write(part, classes, out) for part in parts)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as fault:  # of gzip, of npy and of zip
        raise _fault(folder, f"cannot be read: {fault}", "get the archive again") from fault


def _write(part: Part, classes: Sequence[str], out: Path) -> int:
    for number, (label, pixels) in enumerate(part.rows()):
        folder = out / part.side / _class_of(label, classes)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{part.name}-{number:06}.png").write_bytes(png.encode(pixels))
    return part.n


def _class_of(label: object, classes: Sequence[str]) -> str:
    name = str(label)
    if classes and name.isdecimal() and int(name) < len(classes):
        name = classes[int(name)]
    if not names.is_class_name(name):
        raise _fault("labels", f"{printable(repr(name))} cannot be the name of a class", "rename it")
    return name


def _class_names(found: Iterable[Path]) -> list[str]:
    lists = (path.read_text(encoding="utf-8") for path in found if path.name in CLASS_FILES)
    return [line.strip() for line in next(lists, "").splitlines() if line.strip()]


def _insist_on_limits(parts: Sequence[Part], limits: Ingest) -> None:
    n, size = sum(part.n for part in parts), sum(part.size for part in parts)
    trust = "if you trust this archive"
    if n > limits.max_entries:
        raise _fault("arrays", f"{n} pictures, more than {limits.max_entries}", f"raise ingest.max_entries {trust}")
    if size > limits.max_total_bytes:
        what = f"{size} bytes, more than {limits.max_total_bytes}"
        raise _fault("arrays", what, f"raise ingest.max_total_bytes {trust}")
    for part in parts:
        if part.size > SMALL and part.size > limits.max_ratio * part.packed:
            what = f"swells from {part.packed} to {part.size} bytes, more than {limits.max_ratio:g} to 1"
            raise _fault(part.name, what, f"raise ingest.max_ratio {trust}", code="E_ARCHIVE_BOMB")


def _fault(where: object, what: str, fix: str, code: str = "E_ARRAYS") -> DataError:
    return DataError(code, f"{Path(str(where)).name} {what}", where=where, fix=fix)


def _of_cifar(found: Iterable[Path]) -> Iterator[Part]:
    for path in found:
        if match := CIFAR.fullmatch(path.name):
            size = path.stat().st_size
            n, rest = divmod(size, CIFAR_ROW)
            if rest:
                raise _fault(path, f"has {size} bytes, expected a multiple of {CIFAR_ROW}", "get the archive again")
            side = SIDE_OF.get(match["side"], match["side"])
            yield Part(side, path.stem, n, size, size, partial(_cifar_rows, path, n))


def _cifar_rows(path: Path, n: int) -> Iterator[tuple[int, np.ndarray]]:
    with path.open("rb") as file:
        for row in _equal(file, n, CIFAR_ROW):
            yield int(row[0]), row[1:].reshape(CIFAR_SHAPE).transpose(1, 2, 0)


def _of_idx(found: Sequence[Path]) -> Iterator[Part]:
    for path in found:
        if match := IDX.fullmatch(path.name):
            labels = path.with_name(
                path.name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1")
            )
            labels = next((p for p in (labels, labels.with_suffix(""), Path(f"{labels}.gz")) if p in found), None)
            if labels is None:
                raise _fault(path, "has no file of labels beside it", "add it")
            with _opened(path) as file:
                shape = _idx_shape(path, file)
            side = names.split_of(SIDE_OF.get(match["side"], match["side"]))
            size = int(np.prod(shape))
            rows = partial(_idx_rows, path, labels)
            yield Part(side, f"{match['stem']}{match['side']}", shape[0], size, path.stat().st_size, rows)


def _idx_rows(path: Path, labels: Path) -> Iterator[tuple[int, np.ndarray]]:
    with _opened(path) as file, _opened(labels) as numbers:
        (n, *shape), (listed,) = _idx_shape(path, file), _idx_shape(labels, numbers)
        if n != listed:
            raise _fault(path, f"has {n} pictures and {listed} labels", "get the archive again")
        _insist_on_shape(path, shape)
        for row, label in zip(_equal(file, n, int(np.prod(shape))), _equal(numbers, n, 1), strict=True):
            yield int(label[0]), row.reshape(shape)


def _opened(path: Path) -> BinaryIO:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")


def _idx_shape(path: Path, file: BinaryIO) -> tuple[int, ...]:
    """Two zeros, the type (8 is unsigned byte), the number of dimensions, and each of them in four bytes."""
    head = file.read(4)
    if len(head) < 4 or head[:3] != b"\0\0\x08" or head[3] not in (1, 3, 4):
        raise _fault(path, f"is no idx file of unsigned bytes (it begins with {head!r})", "get the archive again")
    sizes = file.read(4 * head[3])
    if len(sizes) < 4 * head[3]:
        raise EOFError(f"{path.name} is cut")
    return tuple(int(size) for size in np.frombuffer(sizes, ">u4"))


def _of_npz(found: Iterable[Path]) -> Iterator[Part]:
    for path in found:
        if path.suffix == NPZ:
            with zipfile.ZipFile(path) as archive:
                parts = [_of_key(path, archive, info) for info in archive.infolist() if KEY.fullmatch(info.filename)]
            if not parts:
                raise _fault(path, "has no x_train", "name the arrays x_train, y_train, x_test and y_test")
            yield from parts


def _of_key(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Part:
    match = KEY.fullmatch(info.filename)
    word = match["after"] or match["before"]
    side, labels = names.split_of(word), re.sub("^x_|x(?=[.])", _y, info.filename).replace("images", "labels")
    if not side or labels not in archive.namelist():
        raise _fault(path, f"has {info.filename} without labels, or of an unknown side", "add y_train and so on")
    with archive.open(info) as file:
        (n, *shape), dtype = _npy_header(path, file)
    if dtype != np.uint8:
        raise _fault(path, f"has {info.filename} of {dtype}, expected uint8", "store 0 to 255")
    _insist_on_shape(path, shape)
    rows = partial(_npz_rows, path, info.filename, labels)
    return Part(side, word, n, n * int(np.prod(shape)), info.compress_size, rows)


def _y(match: re.Match) -> str:
    return match[0].replace("x", "y")


def _npz_rows(path: Path, name: str, labels: str) -> Iterator[tuple[object, np.ndarray]]:
    with zipfile.ZipFile(path) as archive, archive.open(name) as file, archive.open(labels) as listed:
        (n, *shape), _ = _npy_header(path, file)
        (many, *inner), dtype = _npy_header(path, listed)
        if many != n or int(np.prod(inner)) != 1 or dtype.kind not in "iuU":
            what = f"has {n} pictures and labels of shape {(many, *inner)} and {dtype}; expected {n} numbers or words"
            raise _fault(path, what, f"store {labels} with one label a picture")
        numbers = (row.view(dtype)[0] for row in _equal(listed, n, dtype.itemsize))
        for row, label in zip(_equal(file, n, int(np.prod(shape))), numbers, strict=True):
            yield label, row.reshape(shape)


def _npy_header(path: Path, file: BinaryIO) -> tuple[tuple[int, ...], np.dtype]:
    version = npy.read_magic(file)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
    shape, columns_first, dtype = read(file) if read else ((), True, None)
    if not shape or (columns_first and len(shape) > 1) or dtype.hasobject:
        raise _fault(path, "holds an array that is no plain table of values", "save it with numpy.savez of arrays")
    return shape, dtype


def _insist_on_shape(path: Path, shape: Sequence[int]) -> None:
    if not (len(shape) == 2 or (len(shape) == 3 and shape[2] in CHANNELS)) or 0 in shape:
        what = f"has pictures of shape {tuple(shape)}, expected (h, w), (h, w, 1), (h, w, 3) or (h, w, 4)"
        raise _fault(path, what, "put the channels last")


def _equal(file: BinaryIO, n: int, size: int) -> Iterator[np.ndarray]:
    """The next n rows of `size` bytes each, uint8; EOFError when there are fewer, ValueError when there are more."""
    many = max(1, CHUNK // size)
    for start in range(0, n, many):
        wanted = min(many, n - start) * size
        data = file.read(wanted)
        if len(data) < wanted:
            raise EOFError(f"it is cut in row {start + len(data) // size} of {n}")
        yield from np.frombuffer(data, np.uint8).reshape(-1, size)
    if file.read(1):  # asking once more also makes zip and gzip check their sums
        raise ValueError(f"there is more than the {n} rows that it declares")
