"""What in an image speaks for a label: the label's probability falls where a part that matters is covered.

Zeiler and Fergus (2014), section 4.2. It needs the predictions of a network alone, no gradients, so it works for every
network in every format. The price: a covered copy of the image for each cell of the grid.
"""

from collections.abc import Sequence

import numpy as np

CELLS = 8  # of the grid, a side
REACH = 1  # cells beside a cell that are covered with it: a part is often larger than a cell


def edges(size: int) -> np.ndarray:
    """The pixels at which the cells begin and end, for an image of `size` pixels a side: int (cells + 1,)."""
    return np.linspace(0, size, min(CELLS, size) + 1).astype(int)


def covered(pixels: np.ndarray) -> list[np.ndarray]:
    """Return a copy of uint8 (s, s, c) for each cell, row by row: the cell and those beside it in the mean colour."""
    bounds, mean = edges(len(pixels)), pixels.mean((0, 1)).round().astype(np.uint8)
    cells = len(bounds) - 1
    starts = bounds[np.maximum(np.arange(cells) - REACH, 0)]
    ends = bounds[np.minimum(np.arange(cells) + REACH + 1, cells)]
    copies = np.repeat(pixels[np.newaxis], cells * cells, axis=0)
    for number, copy in enumerate(copies):
        row, column = divmod(number, cells)
        copy[starts[row] : ends[row], starts[column] : ends[column]] = mean
    return list(copies)


def drops(label: float, covered_label: Sequence[float]) -> list[list[float]]:
    """By how much the probability `label` falls in each cell, in a square of rows; negative where it rises."""
    side = round(len(covered_label) ** 0.5)
    return (label - np.asarray(covered_label, np.float64)).reshape(side, side).tolist()
