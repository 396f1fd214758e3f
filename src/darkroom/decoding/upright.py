"""A decoded image in RGB, upright, as Pillow and as NumPy have it."""

import numpy as np
from PIL import Image

GAP = 1.0  # Pillow shrinks by a whole number first, by means of blocks: 0.11 ms, not 0.18, and nearer to Lanczos
FILTER = Image.Resampling.BILINEAR  # Pillow widens it when shrinking, so nothing is skipped
SMALL_SIZE = 64  # pixels, width and height: enough to judge light and shape, and to tell images apart


class Upright:
    """What nobody asks for is not made: a small image that stays as it is never becomes one of Pillow's."""

    def __init__(self, source: Image.Image | np.ndarray):
        """Take an image of Pillow's, or uint8 (h, w, 3)."""
        self._image = source if isinstance(source, Image.Image) else None
        self._pixels = None if isinstance(source, Image.Image) else source
        self.size = source.size if isinstance(source, Image.Image) else source.shape[1::-1]  # width, height in pixels
        self._small: np.ndarray | None = None

    @property
    def image(self) -> Image.Image:
        if self._image is None:
            assert self._pixels is not None
            self._image = Image.new("RGB", self.size, None)  # not filled, as `fromarray` does, nor copied first
            self._image.frombytes(self._pixels, "raw", ("RGB", 0, 1))
        return self._image

    @property
    def pixels(self) -> np.ndarray:
        """uint8 (h, w, 3)."""
        if self._pixels is None:
            self._pixels = np.asarray(self._image)
        return self._pixels

    @property
    def small(self) -> np.ndarray:
        """uint8 (h, w, 3): at most 64 pixels of width and of height, each shrunk by itself."""
        if self._small is None:
            width, height = self.size
            self._small = self._resized((min(width, SMALL_SIZE), min(height, SMALL_SIZE)))
        return self._small

    def stretched(self, size: tuple[int, int]) -> np.ndarray:
        """uint8 (h, w, 3) of this width and height in pixels; the small copy, where that is it."""
        is_small = size == (SMALL_SIZE, SMALL_SIZE) and min(self.size) >= SMALL_SIZE
        return self.small if is_small else self._resized(size)

    def _resized(self, size: tuple[int, int]) -> np.ndarray:
        return self.pixels if size == self.size else np.asarray(self.image.resize(size, FILTER, reducing_gap=GAP))
