"""Sort many texts without holding them in memory: by four bytes at a time, the last ones first.

Bytes of UTF-8 have the order of the code points. The price: for every four bytes of the longest text, one pass over the
texts that are as long.
"""

from collections.abc import Iterable
from itertools import islice

import numpy as np

from darkroom.table.scratch import Place, Scratch, zeros

CHUNK = 1 << 14  # texts that are looked at together
WORD = 4  # bytes


def sorted_order(texts: Iterable[str], length: int) -> np.ndarray:
    """Return the numbers of `length` texts without NUL, in their order: uint32 (n,), equal ones as they came.

    About 30 bytes for each are held, and the texts in a file.
    """
    data, ends = _in_file(texts, length)
    words = zeros(length, np.uint32)
    sizes = np.diff(ends).astype(np.uint32)
    by_size = np.argsort(sizes, kind="stable").astype(np.uint32)
    sizes = sizes[by_size]
    order, first = by_size[:0], length  # of the texts that are longer than what was looked at; by_size[first:] are they
    for start in range(int(sizes.max(initial=0)) // WORD * WORD, -1, -WORD):
        before, first = first, int(np.searchsorted(sizes, start, "right"))
        order = np.concatenate([by_size[first:before], order])
        _read_words(data, ends, np.sort(order), start, words)
        order = order[np.argsort(words[order], kind="stable")]
    return np.concatenate([by_size[:first], order])


def _in_file(texts: Iterable[str], length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the bytes of all texts, uint8 (m,), and where each ends, int64 (n + 1,), the first is 0."""
    rest, ends, end = iter(texts), zeros(length + 1, np.int64), 0
    room = Scratch()
    for start in range(0, length, CHUNK):
        part = [text.encode("utf-8", "surrogatepass") for text in islice(rest, CHUNK)]
        room.write(b"".join(part))
        ends[start + 1 : start + 1 + len(part)] = end + np.cumsum([len(text) for text in part])
        end = int(ends[start + len(part)])
    return room.mapped()(Place(0, np.dtype(np.uint8), end)), ends


def _read_words(data: np.ndarray, ends: np.ndarray, numbers: np.ndarray, start: int, words: np.ndarray) -> None:
    """Put the four bytes from `start` of the texts with these numbers into `words`, with zeros after their end.

    All of them are longer than `start`. They are in the order of the file, which is read from front to back.
    """
    for first in range(0, len(numbers), CHUNK):
        own = numbers[first : first + CHUNK]
        places, stops = ends[own] + start, ends[own + np.uint32(1)]
        part = np.zeros(len(own), np.uint32)
        for _ in range(WORD):
            part = part << np.uint32(8) | np.where(places < stops, data[np.minimum(places, len(data) - 1)], 0)
            places = places + 1
        words[own] = part
