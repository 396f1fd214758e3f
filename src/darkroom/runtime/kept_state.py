"""Where the state of a training goes beside the disk: nowhere, or, on a node without the project, to a bucket."""

from pathlib import Path

from darkroom.runtime.bucket_copy import BucketCopy
from darkroom.runtime.errors import ServiceError, warn

_copies: list[BucketCopy] = []  # of this process: none, or one


def use(copy: BucketCopy) -> None:
    """Keep state there from now on."""
    _copies[:] = [copy]


def keep(path: Path) -> None:
    """Copy a file that was written. Where the bucket refuses, that is a warning, and the copy stays as it was.

    The price: if this node dies before the next copy, what was done since the last one is done again.
    """
    for copy in _copies:
        try:
            copy.keep(path)
        except ServiceError as fault:
            warn(f"{path} stays on this machine until it is written again: {fault.what}, {fault.where}")


def recall(path: Path) -> None:
    """Fetch a file that is about to be read, if there is a copy. Raises ServiceError (exit 6) as `BucketCopy` does."""
    for copy in _copies:
        copy.recall(path)
