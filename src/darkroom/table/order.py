"""Sort many texts without holding them in memory: by four bytes at a time, the last ones first.

Bytes of UTF-8 have the order of the code points. The price: time grows with the longest text, one pass over all texts
that are as long for every four bytes.
"""

from collections.abc import Iterable
from itertools import islice

import numpy as np

from darkroom.table import scratch

CHUNK = 1 << 14  # texts that are looked at together
WORD = 4  # bytes


def sorted_order(texts: Iterable[str], length: int) -> np.ndarray:
    """Return the numbers of `length` texts without NUL, in their order: uint32 (n,), equal ones as they came.

    About 30 bytes for each are held, and the texts in a file.
    """
    data, ends = _in_file(texts, length)
    order, words = np.arange(length, dtype=np.uint32), scratch.zeros(length, np.uint32)
    sizes = np.diff(ends).astype(np.uint32)
    for start in range(int(sizes.max(initial=0)) // WORD * WORD, -1, -WORD):
        is_long = sizes[order] > start
        long = order[is_long]
        _read_words(data, ends, start, words)
        order = np.concatenate([order[~is_long], long[np.argsort(words[long], kind="stable")]])
    return order


def _in_file(texts: Iterable[str], length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the bytes of all texts, uint8 (m,), and where each ends, int64 (n + 1,), the first is 0."""
    rest, ends, end = iter(texts), scratch.zeros(length + 1, np.int64), 0
    with scratch.file() as file:
        for start in range(0, length, CHUNK):
            part = [text.encode("utf-8", "surrogatepass") for text in islice(rest, CHUNK)]
            file.write(b"".join(part))
            ends[start + 1 : start + 1 + len(part)] = end + np.cumsum([len(text) for text in part])
            end = int(ends[start + len(part)])
        file.write(b"\0")  # an empty file has no map
        file.flush()
        return np.memmap(file, np.uint8, "r"), ends


def _read_words(data: np.ndarray, ends: np.ndarray, start: int, words: np.ndarray) -> None:
    """Put the four bytes of each text from `start` into `words`, with zeros after its end."""
    for first in range(0, len(words), CHUNK):
        places, stops = ends[first : first + CHUNK + 1][:-1] + start, ends[first + 1 : first + CHUNK + 1]
        part = np.zeros(len(stops), np.uint32)
        for _ in range(WORD):
            part = part << np.uint32(8) | np.where(places < stops, data[np.minimum(places, len(data) - 1)], 0)
            places = places + 1
        words[first : first + CHUNK] = part
