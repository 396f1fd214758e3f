"""One shard: a plain tar in the WebDataset convention, with fixed owner, mode and time, so that files decide its bytes.

A member's name is the path of the file. Its data are not compressed, so they are read from where the inventory says.
"""

import tarfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from darkroom.image_store.inventory import Row

MODE = 0o644
USTAR_BYTES = 8**11  # 8 GiB: more do not fit into a header of ustar
END = bytes(2 * tarfile.BLOCKSIZE)  # of a tar


class NewFile(NamedTuple):
    """A file to be stored."""

    path: str  # relative, with slashes
    size: int  # bytes
    sha256: str  # hex
    chunks: Callable[[], Iterable[bytes]]  # its contents


def stored_bytes(size: int) -> int:
    """Return what a file of this size takes in a tar: a header and whole blocks. A long name takes up to 3 kB more."""
    return tarfile.BLOCKSIZE + size + _padding(size)


def write(path: Path, files: Sequence[NewFile]) -> list[Row]:
    """Write the shard and return its inventory."""
    rows = []
    with path.open("wb") as tar:
        for file in files:
            tar.write(_header(file))
            rows.append(Row(file.path, tar.tell(), file.size, file.sha256))
            tar.writelines(file.chunks())
            tar.write(bytes(_padding(file.size)))
        tar.write(END)
    return rows


def _header(file: NewFile) -> bytes:
    """Return the header, in the format of POSIX.1-2001 (pax), which has room for any name.

    For most names it is that of POSIX.1-1988 (ustar), which Python writes in half the time.
    """
    info = tarfile.TarInfo(file.path)
    info.size, info.mode = file.size, MODE
    is_plain = file.path.isascii() and len(file.path) <= tarfile.LENGTH_NAME and file.size < USTAR_BYTES
    return info.tobuf(tarfile.USTAR_FORMAT if is_plain else tarfile.PAX_FORMAT)


def _padding(size: int) -> int:
    return -size % tarfile.BLOCKSIZE
