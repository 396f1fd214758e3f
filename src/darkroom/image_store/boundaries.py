"""Where one shard ends and the next begins: a function of the files alone, so that a new version keeps most shards.

Files are sorted by path, and a shard ends after a file whose SHA-256, read as a number, lies below a threshold: so a
new file changes the shard that it falls into, and the shards before and after it stay the same, byte for byte. This is
content-defined chunking (Muthitacharoen, Chen and Mazieres, "A low-bandwidth network file system", SOSP 2001), with
files in place of bytes. Shards that were chosen by each picture's hash alone would all change with any 1 % of new
pictures. The price: new files whose paths lie between all others touch all shards, too, and shards differ in size.
"""

from collections.abc import Iterable, Iterator

from darkroom.image_store.shard_file import NewFile, stored_bytes

SHARDS = 256  # about so many, as long as they keep to the sizes below
SMALLEST, LARGEST = 1 << 20, 64 << 20  # bytes of a shard on average
LEAST, MOST = 1 / 4, 4  # times the average: how small and how large a single shard may be
DIGITS = 16  # hex digits of a SHA-256 that make the number


def shards(files: Iterable[NewFile], total: int) -> Iterator[list[NewFile]]:
    """Yield the files of each shard. `files` are sorted by path; one that is too large for a shard has one of its own.

    `total` is what they take all together, see `stored_bytes`.

    The average grows with the data set in powers of two, from 1 to 64 MiB, so the number of shards stays in the
    hundreds up to 16 GB. The price: a version that makes it grow changes all shards.
    """
    average = _average(total)
    shard: list[NewFile] = []
    size = 0
    for file in files:
        own = stored_bytes(file.size)
        if shard and size + own > MOST * average:
            yield shard
            shard, size = [], 0
        shard.append(file)
        size += own
        if size >= LEAST * average and _ends_shard(file, own, average):
            yield shard
            shard, size = [], 0
    if shard:
        yield shard


def _average(total: int) -> int:
    """Return the power of two below a `SHARDS`th of the total."""
    return min(LARGEST, max(SMALLEST, 1 << max(0, (total // SHARDS).bit_length() - 1)))


def _ends_shard(file: NewFile, own: int, average: int) -> bool:
    """Whether a shard ends after this file: as likely as it is large, so that shards have `average` bytes."""
    return int(file.sha256[:DIGITS], 16) * average * (1 - LEAST) < own * 16**DIGITS
