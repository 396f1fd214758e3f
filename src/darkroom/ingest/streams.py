"""Byte streams: what is read of an archive and its members, and a section of a file as a file of its own."""

from __future__ import annotations

import io
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Protocol, Self

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Stream(Protocol):
    """An open file, of which bytes are read from front to end."""

    def read(self, size: int = -1, /) -> bytes: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None: ...


class SeekableStream(Stream, Protocol):
    """An open file in which one can jump. Backwards may mean unpacking it again from the start."""

    def seek(self, offset: int, whence: int = 0, /) -> int: ...


def section(stream: SeekableStream, start: int, size: int, ahead: int = io.DEFAULT_BUFFER_SIZE) -> BinaryIO:
    """Open the `size` bytes of `stream` from `start`. Sections of one stream may be read alternately.

    `ahead` bytes are read at once, where fewer are asked for.
    """
    return io.BufferedReader(_Section(stream, start, size), ahead)


class _Section(io.RawIOBase):
    def __init__(self, stream: SeekableStream, start: int, size: int):
        self._stream, self._start, self._left = stream, start, size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        target = memoryview(buffer)
        self._stream.seek(self._start)
        data = self._stream.read(min(len(target), self._left))
        target[: len(data)] = data
        self._start, self._left = self._start + len(data), self._left - len(data)
        return len(data)
