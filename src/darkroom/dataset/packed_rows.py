"""Packed rows, cached: what validate leaves for preprocess.

The inspection of validate has decoded each image anyway, so it packs it as well, and preprocess, as a rule, only puts
rows together. The price: the validate stage depends on how images are packed. Facts never do, so a change of that
inspects no image again.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from darkroom.dataset import file_cache
from darkroom.dataset.file_cache import FileCache
from darkroom.decoding.decode import PackSettings
from darkroom.decoding.levels import Levels

if TYPE_CHECKING:
    from darkroom.params import Preprocess  # half of the start of a worker, which needs none


class RowLog(NamedTuple):
    """How an image becomes a packed row, and where that is cached; small enough to go to a worker with each chunk."""

    settings: PackSettings
    log: Path | None  # None: nowhere

    def add(self, rows: Mapping[str, np.ndarray]) -> None:
        """Add rows by the SHA-256 of their files."""
        file_cache.add(self.log, {digest: np.ascontiguousarray(row).data for digest, row in rows.items()})


@contextmanager
def open_rows(folder: Path, config: "Preprocess", max_pixels: int) -> Iterator[tuple[FileCache, RowLog]]:
    """Open the packed rows that were made with these settings, and the log for more of them."""
    settings = PackSettings(config.image_size, config.color, config.fit, max_pixels, _levels(config))
    with FileCache(file_cache.log_path(folder, file_cache.DECODER, asdict(settings))) as cache:
        yield cache, RowLog(settings, cache.log)


def _levels(config: "Preprocess") -> Levels:
    low, high = config.window
    return Levels(config.depth, (low, high) if config.depth == "window" else None, config.icc)
