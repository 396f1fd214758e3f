"""Sequences that hold nothing."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, overload

Item = TypeVar("Item")


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
