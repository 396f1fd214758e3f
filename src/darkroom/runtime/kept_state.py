"""Where the state of a training goes beside the disk: nowhere, or, on a node without the project, to a bucket."""

from pathlib import Path

from darkroom.runtime.bucket_copy import BucketCopy

_copies: list[BucketCopy] = []  # of this process: none, or one


def use(copy: BucketCopy) -> None:
    """Keep state there from now on."""
    _copies[:] = [copy]


def keep(path: Path) -> None:
    """Copy a file that was written. Raises ServiceError (exit 6) where the bucket refuses."""
    for copy in _copies:
        copy.keep(path)


def recall(path: Path) -> None:
    """Fetch a file that is about to be read, if there is a copy. Raises ServiceError (exit 6) as `keep` does."""
    for copy in _copies:
        copy.recall(path)
