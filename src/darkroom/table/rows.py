"""The rows of a large table, held as columns: 0.25 kB for an image of the manifest, where a dict takes 2 kB.

They lie in a file (`scratch`) when there are more than a few thousand, so that memory does not grow with their number.
A row is made when it is asked for, as a plain dict. The price: about 5 microseconds for each, so what only looks at
one column takes `column`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, compress, islice
from operator import eq
from typing import Any, Generic, Self, TypeVar, cast, overload

import numpy as np

from darkroom.table.columns import Column, Move, encoded
from darkroom.table.scratch import Scratch

CHUNK = 1 << 12  # rows whose columns are encoded together

Row = TypeVar("Row", bound=Mapping[str, Any])
Chunk = dict[str, Column]


class Rows(Sequence[Row], Generic[Row]):
    """Dicts with the same keys, all values of a key numbers or all of them text. It never changes."""

    def __init__(self, chunks: Sequence[Chunk], length: int):
        self._chunks, self._length = chunks, length

    @classmethod
    def gather(cls, rows: Iterable[Row]) -> Self:
        """The same rows; what is a table already is not copied."""
        if isinstance(rows, cls):
            return rows
        rest, length = iter(rows), 0

        def chunks() -> Iterator[Chunk]:
            nonlocal length
            while part := list(islice(rest, CHUNK)):
                length += len(part)
                yield {name: encoded([row[name] for row in part]) for name in part[0]}

        return cls(_stored(chunks()), length)

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

    def values(self, name: str) -> "Values":
        """The same as a sequence."""
        return Values(self, name)

    def columns(self, start: int, stop: int) -> dict[str, list[Any]]:
        """The values of each key in the rows from `start` to `stop`; no keys where there are no such rows."""
        first = start // CHUNK
        chunks = self._chunks[first : -(-stop // CHUNK)]
        parts = [slice(max(0, start - at), max(0, stop - at)) for at in range(first * CHUNK, stop, CHUNK)]
        names = chunks[0] if chunks else ()
        return {
            name: [*chain.from_iterable(chunk[name].values(part) for chunk, part in zip(chunks, parts, strict=False))]
            for name in names
        }

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
        return type(self)(_stored(_chunks(columns, length)), length)

    def replaced(self, **columns: Iterable[Any]) -> "Rows[Row]":
        """The rows with other values, or more of them."""
        new = _stored(_chunks({name: iter(column) for name, column in columns.items()}, self._length))
        return Rows([chunk | more for chunk, more in zip(self._chunks, new, strict=True)], self._length)

    def repeated(self, name: str) -> list[list[int]]:
        """The numbers of the rows that have the same text, not "", where there are several, in order of the first.

        16 bytes a row are held, and more only for what is repeated.
        """
        maybe = are_repeated(np.fromiter(map(hash, self.column(name)), np.int64, self._length))
        numbers: dict[str, list[int]] = defaultdict(list)
        for number, text in enumerate(self.column(name)) if maybe.any() else ():
            if maybe[number] and text:
                numbers[text].append(number)
        return [group for group in numbers.values() if len(group) > 1]


class Values(Sequence[Any]):
    """One column of a table."""

    def __init__(self, table: Rows[Any], name: str):
        self._rows, self._name = table.select([name]), name

    def where(self, is_wanted: Iterable[bool]) -> "Values":
        """The values that are wanted."""
        return Values(self._rows.where(is_wanted), self._name)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, number: int) -> Any: ...
    @overload
    def __getitem__(self, number: slice) -> list[Any]: ...
    def __getitem__(self, number: int | slice) -> Any:
        if isinstance(number, slice):
            return [row[self._name] for row in self._rows[number]]
        return self._rows[number][self._name]

    def __iter__(self) -> Iterator[Any]:
        return self._rows.column(self._name)


def are_repeated(numbers: np.ndarray) -> np.ndarray:
    """Whether a number comes several times: bool (n,), of int64 (n,)."""
    ordered = np.sort(numbers)
    return are_among(numbers, ordered[1:][ordered[1:] == ordered[:-1]])


def are_among(numbers: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Whether a number is one of the others: bool (n,), of int64 (n,)."""
    known, found = np.unique(others), np.zeros(len(numbers), bool)
    for start in range(0, len(numbers), CHUNK) if len(known) else ():
        part = numbers[start : start + CHUNK]
        found[start : start + CHUNK] = known[np.minimum(np.searchsorted(known, part), len(known) - 1)] == part
    return found


def _chunks(columns: Mapping[str, Iterator[Any]], length: int) -> Iterator[Chunk]:
    """The values of each column, of which there are `length`, in chunks."""
    for start in range(0, length, CHUNK):
        size = min(CHUNK, length - start)
        yield {name: encoded(list(islice(values, size))) for name, values in columns.items()}


def _stored(chunks: Iterator[Chunk]) -> list[Chunk]:
    """The chunks, in a file where there are several."""
    in_memory = list(islice(chunks, 2))
    if len(in_memory) < 2:
        return in_memory
    scratch = Scratch()
    moved = [_moved(chunk, scratch.add) for chunk in chain(in_memory, chunks)]
    array_at = scratch.mapped()
    return [_moved(chunk, array_at) for chunk in moved]


def _moved(chunk: Chunk, move: Move) -> Chunk:
    return {name: column.moved(move) for name, column in chunk.items()}
