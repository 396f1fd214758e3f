"""Keep the memory that an item frees for the next one.

The C library gives large blocks back to the system, which has to clear every page when the next image asks for it
again: for images of 192 x 192 pixels that was a seventh of a worker's time.
"""

import ctypes
import gc
from contextlib import suppress

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # glibc's numbers of the options, see mallopt(3)
KEPT = 64 << 20  # bytes that are free before any are given back
LARGE = 32 << 20  # bytes from which on a block goes back at once; glibc allows no more


def keep() -> None:
    """Keep up to `KEPT` bytes, and look for no garbage among what has been imported. Only glibc has the first."""
    gc.freeze()
    with suppress(AttributeError, OSError, TypeError):  # no such function, or no way to ask for it
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(TRIM_THRESHOLD, KEPT)
        mallopt(MMAP_THRESHOLD, LARGE)
