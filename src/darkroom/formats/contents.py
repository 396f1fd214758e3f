"""What the readers of tables and labels need of a data set, whether its files are stored or just being unpacked."""

from typing import Protocol


class Contents(Protocol):
    """The bytes of files, by their paths: relative to the data set, with slashes."""

    def read(self, path: str, /) -> bytes: ...

    def head(self, path: str, size: int, /) -> bytes:
        """Return the first `size` bytes of a file, or all when it has fewer."""
