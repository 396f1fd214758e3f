"""Exchange what two paths name, in one step: Linux can, and Python has no function for it."""

import ctypes
import os
import sys
from pathlib import Path

AT_FDCWD, RENAME_EXCHANGE = -100, 2  # of Linux' fcntl.h and fs.h: paths from here, and rename in both directions


def exchange(one: Path, other: Path) -> bool:
    """Exchange two files or folders. False, and nothing changes, where the system or the file system cannot."""
    if sys.platform != "linux":
        return False
    renameat2 = getattr(ctypes.CDLL(None), "renameat2", None)  # the C library has it since glibc 2.28
    if renameat2 is None:
        return False
    return renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0
