"""Packed rows by the content of their image: what validate leaves for preprocess, and each run for the next.

Validate's look at an image has decoded it anyway, so it makes the row as well, and preprocess, as a rule, only puts
rows together. The price: the validate stage depends on how images are packed, and looks again at none for that,
as facts never depend on it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

from darkroom import sniff
from darkroom.dataset import file_cache
from darkroom.dataset.file_cache import Store
from darkroom.decoding import decode, headers
from darkroom.params import Preprocess


class Recipe(NamedTuple):
    """How an image becomes a row, and where that is kept; small enough to go to a worker with each chunk."""

    settings: dict  # size in pixels, color, fit and max_pixels, as `decode.to_array` takes them
    to: Path | None  # None: nowhere

    def keep(self, digest: str, row: np.ndarray) -> None:
        file_cache.add(self.to, digest, row.tobytes())


@contextmanager
def opened(cache: Path, config: Preprocess, max_pixels: int) -> Iterator[tuple[Store, Recipe]]:
    """What there is of rows made in this way, and how to make more."""
    settings = {"size": config.image_size, "color": config.color, "fit": config.fit, "max_pixels": max_pixels}
    with Store(file_cache.log(cache, (decode, headers, sniff), settings)) as kept:
        yield kept, Recipe(settings, kept.to)
