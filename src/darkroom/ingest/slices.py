"""A piece of a file as a file of its own."""

import io
from typing import BinaryIO


class Slice(io.RawIOBase):
    """The `size` bytes of `stream` from `start`, to be read from front to end; slices of one stream may take turns."""

    def __init__(self, stream: BinaryIO, start: int, size: int):
        self._stream, self._start, self._left = stream, start, size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        self._stream.seek(self._start)
        data = self._stream.read(min(len(buffer), self._left))
        buffer[: len(data)] = data
        self._start, self._left = self._start + len(data), self._left - len(data)
        return len(data)
