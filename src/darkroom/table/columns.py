"""The values of one key in a few thousand rows, in arrays.

Numbers are kept in as few bytes as they fit into, text of which much is repeated as codes, hex digits two to a byte.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np

ROUNDED = 2**53  # from here on, not every whole number is a float
REPEATED = 4  # times that a text comes on average, from which on each is kept once and numbered
ALL = slice(None)


class Words(NamedTuple):
    """Text of which much is repeated: uint16 codes, and what they stand for."""

    words: list[str]
    codes: np.ndarray

    def value(self, number: int) -> str:
        return self.words[self.codes[number]]

    def values(self, part: slice = ALL) -> list[str]:
        return [self.words[code] for code in self.codes[part].tolist()]

    def moved(self, move: "Move") -> "Words":
        return Words(self.words, move(self.codes))


class Texts(NamedTuple):
    """Text of which little is repeated, end to end; hex digits are kept two to a byte."""

    data: np.ndarray  # uint8 (m,)
    ends: np.ndarray  # uint32 (n + 1,), the first is 0
    is_hex: bool

    def value(self, number: int) -> str:
        text = self.data[self.ends[number] : self.ends[number + 1]].tobytes()
        return text.hex() if self.is_hex else text.decode("utf-8", "surrogatepass")

    def values(self, part: slice = ALL) -> list[str]:
        first, stop, _ = part.indices(len(self.ends) - 1)
        ends = self.ends[first : stop + 1]
        data, places = self.data[ends[0] : ends[-1]].tobytes(), (ends - ends[0]).tolist()
        texts = [data[start:end] for start, end in zip(places, places[1:], strict=False)]
        return [text.hex() if self.is_hex else text.decode("utf-8", "surrogatepass") for text in texts]

    def moved(self, move: "Move") -> "Texts":
        return Texts(move(self.data), move(self.ends), self.is_hex)


class Numbers(NamedTuple):
    array: np.ndarray

    def value(self, number: int) -> float | int:
        return self.array.item(number)

    def values(self, part: slice = ALL) -> list[float | int]:
        return self.array[part].tolist()

    def moved(self, move: "Move") -> "Numbers":
        return self if self.array.dtype.hasobject else Numbers(move(self.array))  # whole numbers of more than 64 bits


Column = Words | Texts | Numbers
Move = Callable[[Any], Any]  # of an array to its place, or back


def encoded(values: list[Any]) -> Column:
    if not isinstance(values[0], str):
        return Numbers(_smallest(_exact(values)))
    words = {word: code for code, word in enumerate(dict.fromkeys(values))}
    if len(words) * REPEATED <= len(values):
        return Words(list(words), np.fromiter((words[value] for value in values), np.uint16, len(values)))
    return _texts(values)


def _exact(values: list[Any]) -> np.ndarray:
    """The numbers in an array; as objects where they have no type of NumPy's in common that keeps whole ones exact."""
    array = np.array(values)
    is_rounded = array.dtype.kind == "f" and np.any(np.abs(array) >= ROUNDED) and any(map(_is_whole, values))
    return np.array(values, object) if is_rounded else array


def _is_whole(value: Any) -> bool:
    return isinstance(value, int)


def _smallest(array: np.ndarray) -> np.ndarray:
    """Whole numbers in as few bytes as they fit into."""
    if array.dtype.kind != "i":
        return array
    low, high = int(array.min()), int(array.max())
    return array.astype(np.min_scalar_type(high if low >= 0 else min(low, ~high)))  # ~high needs as many bits, and sign


def _texts(values: list[str]) -> Texts:
    joined = "".join(values)
    try:
        data, is_hex = bytes.fromhex(joined), not any(len(value) % 2 for value in values)
    except ValueError:
        data, is_hex = b"", False
    is_hex = is_hex and data.hex() == joined
    encoded = values if is_hex else [value.encode("utf-8", "surrogatepass") for value in values]
    lengths = np.fromiter(map(len, encoded), np.int64, len(values)) // (2 if is_hex else 1)
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.uint32)
    joined_bytes = data if is_hex else b"".join(cast(list[bytes], encoded))
    return Texts(np.frombuffer(joined_bytes, np.uint8), ends, is_hex)
