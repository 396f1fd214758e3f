"""A shard in a bucket, of which only the parts are fetched that are read.

The price: who reads files out of their order fetches more than it needs, as a request is for AHEAD bytes.
"""

import threading

from darkroom.runtime.buckets import file_system, translated

AHEAD = 4 << 20  # bytes of a request: hundreds of small images, which one by one would wait 30 ms for each


class BucketShard:
    """An open shard. Threads read it one after the other.

    Raises FileNotFoundError where there is none, EnvironmentFault (exit 5) without the library of the bucket,
    ServiceError (exit 6) when it cannot be read.
    """

    def __init__(self, url: str):
        self._url, self._turn = url, threading.Lock()
        with translated(url, but=FileNotFoundError):
            self._file = file_system(url).open(url, "rb", block_size=AHEAD, cache_type="readahead")

    def read_at(self, size: int, offset: int) -> bytes:
        """Return `size` bytes from `offset`, or those up to the end."""
        with self._turn, translated(self._url):
            self._file.seek(offset)
            return self._file.read(size)
