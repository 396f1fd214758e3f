"""Arrays as small images: a heat map over what it explains, and tiles beside each other.

Sizes are whole multiples of the arrays, so that a cell stays a square with sharp edges.
"""

from collections.abc import Sequence

import numpy as np

from darkroom import png
from darkroom.plots import thumbnail

WARM = np.array([213, 94, 0])  # vermilion (Okabe and Ito 2008)
COVER = 0.7  # of the warm colour where the heat is 1
TILE, GAP = 30, 4  # pixels
GROUND = 128  # between the tiles, and in none of them, so that it can be transparent


def warmed(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """uint8 `(h, w, 3)`: `image` uint8 `(s, s, c)` made small and grey, with `heat` float `(a, b)` in 0..1 over it."""
    grey = thumbnail.small(image).mean(2, keepdims=True).repeat(3, 2)
    cover = COVER * _stretched(heat, grey.shape[:2])[..., np.newaxis]
    return ((1 - cover) * grey + cover * WARM).round().astype(np.uint8)


def tiles(rows: Sequence[np.ndarray]) -> np.ndarray:
    """uint8 `(h, w, c)`: a line of tiles for each of the rows, float `(m, a, b, c)` in 0..1 with 1 or 3 channels."""
    columns, channels = max(len(row) for row in rows), rows[0].shape[-1]
    step = TILE + GAP
    sheet = np.full((len(rows) * step - GAP, columns * step - GAP, channels), GROUND, np.uint8)
    for i, row in enumerate(rows):
        for j, values in enumerate(row):
            tile = (255 * _nearest(values)).round().astype(np.uint8)
            tile[tile == GROUND] -= 1
            sheet[i * step : i * step + TILE, j * step : j * step + TILE] = tile
    return sheet


def sheet(rows: Sequence[np.ndarray]) -> bytes:
    """`tiles` with nothing between them."""
    return png.encode(tiles(rows), clear=GROUND)


def stretched(values: np.ndarray) -> np.ndarray:
    """`values` float `(m, a, b)`, each of the m brought to 0..1 by its own ends; one that is flat is 0."""
    low, high = (of(values, axis=(1, 2), keepdims=True) for of in (np.min, np.max))
    return (values - low) / np.where(high > low, high - low, 1)


def _nearest(values: np.ndarray) -> np.ndarray:
    """`(TILE, TILE, c)`: each place takes the cell that lies there."""
    optimization, across = (np.arange(TILE) * side // TILE for side in values.shape[:2])
    return values[optimization][:, across]


def _stretched(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Bilinear, the centres of the outer cells at the centres of the outer places."""
    for axis, side in enumerate(shape):
        count = values.shape[axis]
        place = np.clip((np.arange(side) + 0.5) * count / side - 0.5, 0, count - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, count - 1)
        fraction = np.expand_dims(place - low, 1 - axis)
        values = (1 - fraction) * values.take(low, axis) + fraction * values.take(high, axis)
    return values
