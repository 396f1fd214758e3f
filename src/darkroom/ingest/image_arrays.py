"""What all arrays of images have in common: n rows of equal size, read in chunks so that memory stays bounded."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np

from darkroom.ingest.streams import Stream
from darkroom.runtime import files
from darkroom.runtime.errors import DataError, printable

CHANNELS = (1, 3, 4)
SHOWN = 200  # characters of a header that an error message quotes


@dataclass(frozen=True)
class ImageArray:
    """`n` images of one split. `size` is that of all pixels and `packed` that of the file or member, in bytes."""

    split: str
    name: str
    n: int
    size: int
    packed: int
    rows: Callable[[], Iterator[tuple[object, np.ndarray]]]  # n times: label, uint8 (h, w) or (h, w, c)


def fault(where: object, what: str, fix: str, code: str = "E_ARRAYS") -> DataError:
    return DataError(code, printable(f"{PurePosixPath(str(where)).name} {what}"), where=where, fix=fix)


def check_shape(path: PurePosixPath, shape: Sequence[int]) -> None:
    """Raise DataError (exit 3) unless `shape` is that of one greyscale or colour image."""
    if not (len(shape) == 2 or (len(shape) == 3 and shape[2] in CHANNELS)) or min(shape) < 1:
        what = f"has images of shape {str(tuple(shape)):.{SHOWN}}, expected (h, w), (h, w, 1), (h, w, 3) or (h, w, 4)"
        raise fault(path, what, "put the channels last")


def read_rows(file: Stream, n: int, size: int) -> Iterator[np.ndarray]:
    """Yield the remaining `n` rows of `file`, each uint8 `(size,)`.

    Raises EOFError when there are fewer and ValueError when there are more.
    """
    per_chunk = max(1, files.CHUNK // size)
    for start in range(0, n, per_chunk):
        wanted = min(per_chunk, n - start) * size
        data = file.read(wanted)
        if len(data) < wanted:
            raise EOFError(f"it is cut in row {start + len(data) // size} of {n}")
        yield from np.frombuffer(data, np.uint8).reshape(-1, size)
    if file.read(1):  # reading past the end also makes zip and gzip check their sums
        raise ValueError(f"there is more than the {n} rows that it declares")
