"""The rows of a large table, held as columns: 0.25 kB for an image of the manifest, where a dict takes 2 kB.

A row is made when it is asked for, as a plain dict. The price: about 5 microseconds for each, so what only looks at
one column takes `column`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, compress, islice
from operator import eq
from typing import Any, Generic, NamedTuple, Self, TypeVar, cast, overload

import numpy as np

CHUNK = 1 << 12  # rows whose columns are encoded together
REPEATED = 4  # times that a text comes on average, from which on each is kept once and numbered

Row = TypeVar("Row", bound=Mapping[str, Any])
Item = TypeVar("Item")


class _Words(NamedTuple):
    """Text of which much is repeated: uint16 codes, and what they stand for."""

    words: list[str]
    codes: np.ndarray

    def value(self, number: int) -> str:
        return self.words[self.codes[number]]

    def values(self) -> list[str]:
        return [self.words[code] for code in self.codes.tolist()]


class _Texts(NamedTuple):
    """Text of which little is repeated, end to end; hex digits are kept two to a byte."""

    data: bytes
    ends: np.ndarray  # uint32 (n + 1,), the first is 0
    is_hex: bool

    def value(self, number: int) -> str:
        text = self.data[self.ends[number] : self.ends[number + 1]]
        return text.hex() if self.is_hex else text.decode("utf-8", "surrogatepass")

    def values(self) -> list[str]:
        ends = self.ends.tolist()
        texts = [self.data[start:end] for start, end in zip(ends, ends[1:], strict=False)]
        return [text.hex() if self.is_hex else text.decode("utf-8", "surrogatepass") for text in texts]


class _Numbers(NamedTuple):
    array: np.ndarray

    def value(self, number: int) -> float | int:
        return self.array[number].item()

    def values(self) -> list[float | int]:
        return self.array.tolist()


_Column = _Words | _Texts | _Numbers


class Rows(Sequence[Row], Generic[Row]):
    """Dicts with the same keys, all values of a key numbers or all of them text. It never changes."""

    def __init__(self, chunks: Sequence[dict[str, _Column]], length: int):
        self._chunks, self._length = chunks, length

    @classmethod
    def gather(cls, rows: Iterable[Row]) -> Self:
        """The same rows; what is a table already is not copied."""
        if isinstance(rows, cls):
            return rows
        rest, chunks, length = iter(rows), [], 0
        while part := list(islice(rest, CHUNK)):
            chunks.append({name: _encoded([row[name] for row in part]) for name in part[0]})
            length += len(part)
        return cls(chunks, length)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, number: int) -> Row: ...
    @overload
    def __getitem__(self, number: slice) -> list[Row]: ...
    def __getitem__(self, number: int | slice) -> Row | list[Row]:
        if isinstance(number, slice):
            return [self[n] for n in range(*number.indices(self._length))]
        chunk, within = divmod(range(self._length)[number], CHUNK)
        return cast(Row, {name: column.value(within) for name, column in self._chunks[chunk].items()})

    def __iter__(self) -> Iterator[Row]:
        for chunk in self._chunks:
            columns = [column.values() for column in chunk.values()]
            yield from (cast(Row, dict(zip(chunk, values, strict=True))) for values in zip(*columns, strict=True))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and len(self) == len(other) and all(map(eq, self, other))

    __hash__ = None  # type: ignore[assignment]

    def column(self, name: str) -> Iterator[Any]:
        """The values of one key."""
        for chunk in self._chunks:
            yield from chunk[name].values()

    def columns(self, start: int, stop: int) -> dict[str, list[Any]]:
        """The values of each key in the rows from `start` to `stop`; no keys where there are no such rows."""
        first = start // CHUNK
        chunks = self._chunks[first : -(-stop // CHUNK)]
        within = slice(start - first * CHUNK, stop - first * CHUNK)
        names = chunks[0] if chunks else ()
        return {name: [*chain.from_iterable(chunk[name].values() for chunk in chunks)][within] for name in names}

    def select(self, names: Iterable[str]) -> "Rows[Any]":
        """The same rows with these keys only."""
        names = list(names)
        return Rows([{name: chunk[name] for name in names} for chunk in self._chunks], self._length)

    def where(self, is_wanted: Iterable[bool]) -> "Rows[Row]":
        """The rows that are wanted."""
        wanted = np.fromiter(is_wanted, bool, self._length)
        if wanted.all():
            return self
        length, kept = int(wanted.sum()), wanted.tolist()
        columns = {name: compress(self.column(name), kept) for name in (self._chunks[0] if length else ())}
        return type(self)(_chunks(columns, length), length)

    def replaced(self, **columns: Iterable[Any]) -> "Rows[Row]":
        """The rows with other values, or more of them."""
        new = _chunks({name: iter(column) for name, column in columns.items()}, self._length)
        return Rows([chunk | more for chunk, more in zip(self._chunks, new, strict=True)], self._length)

    def repeated(self, name: str) -> list[list[int]]:
        """The numbers of the rows that have the same text, not "", where there are several, in order of the first.

        16 bytes a row are held, and more only for what is repeated.
        """
        hashes = np.fromiter(map(hash, self.column(name)), np.int64, self._length)
        order = np.argsort(hashes, kind="stable")
        same = hashes[order[1:]] == hashes[order[:-1]]
        maybe = np.zeros(self._length, bool)
        maybe[order[1:][same]] = maybe[order[:-1][same]] = True
        numbers: dict[str, list[int]] = defaultdict(list)
        for number, text in enumerate(self.column(name)) if maybe.any() else ():
            if maybe[number] and text:
                numbers[text].append(number)
        return [group for group in numbers.values() if len(group) > 1]


class Computed(Sequence[Item], Generic[Item]):
    """Items that are made when they are asked for."""

    def __init__(self, length: int, make: Callable[[int], Item]):
        self._numbers, self._make = range(length), make

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, number: int) -> Item: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Item]: ...
    def __getitem__(self, number: int | slice) -> "Item | Sequence[Item]":
        if isinstance(number, slice):
            return [self[n] for n in self._numbers[number]]
        return self._make(self._numbers[number])


def _chunks(columns: Mapping[str, Iterator[Any]], length: int) -> list[dict[str, _Column]]:
    """The values of each column, of which there are `length`, in chunks."""
    sizes = [min(CHUNK, length - start) for start in range(0, length, CHUNK)]
    return [{name: _encoded(list(islice(values, size))) for name, values in columns.items()} for size in sizes]


def _encoded(values: list[Any]) -> _Column:
    if not isinstance(values[0], str):
        return _Numbers(_smallest(np.array(values)))
    words = {word: code for code, word in enumerate(dict.fromkeys(values))}
    if len(words) * REPEATED <= len(values):
        return _Words(list(words), np.fromiter((words[value] for value in values), np.uint16, len(values)))
    return _texts(values)


def _smallest(array: np.ndarray) -> np.ndarray:
    """Whole numbers in as few bytes as they fit into."""
    if array.dtype.kind != "i":
        return array
    return array.astype(np.promote_types(np.min_scalar_type(array.min()), np.min_scalar_type(array.max())))


def _texts(values: list[str]) -> _Texts:
    joined = "".join(values)
    try:
        data, is_hex = bytes.fromhex(joined), not any(len(value) % 2 for value in values)
    except ValueError:
        data, is_hex = b"", False
    is_hex = is_hex and data.hex() == joined
    encoded = values if is_hex else [value.encode("utf-8", "surrogatepass") for value in values]
    lengths = np.fromiter(map(len, encoded), np.int64, len(values)) // (2 if is_hex else 1)
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.uint32)
    return _Texts(data if is_hex else b"".join(cast(list[bytes], encoded)), ends, is_hex)
