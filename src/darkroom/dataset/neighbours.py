"""The nearest neighbours of every image, upright or mirrored, by the correlation of their low frequencies.

Images are compared block by block with those that `cells` says, so memory is bounded. Blocks are small enough for the
caches of a processor, and each processor has its own: BLAS, which would divide single products, is told not to. The
price, for up to 65,536 images: four times the time for twice the images.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from darkroom.dataset import cells
from darkroom.dataset.cells import Halves, Read
from darkroom.workers import parallel

ROWS, COLUMNS = 512, 2048  # images compared with as many at once: 4 MB of correlations
NOBODY = -1


class Neighbours(NamedTuple):
    """Of each image, the nearest first: both (n, count)."""

    neighbour: np.ndarray  # int32, NOBODY where there is none
    correlation: np.ndarray  # float32, with the neighbour, or the mirrored neighbour where that is higher


def nearest(n: int, read: Read, count: int, floor: float) -> Neighbours:
    """The `count` nearest neighbours of each of n images, as far as their correlation is above `floor`."""
    best = Neighbours(np.full((n, count), NOBODY, np.int32), np.full((n, count), floor, np.float32))
    for visitors, members in cells.meetings(n, read):
        parts = [visitors[start : start + ROWS] for start in range(0, len(visitors), ROWS)]
        in_threads(partial(_improve, best, read, members, read(members)), parts)
    return best


def in_threads(function: Callable[[np.ndarray], None], parts: list[np.ndarray]) -> None:
    """Call `function` for each part, one on each processor at a time; NumPy lets them work side by side."""
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(parallel.processors()) as pool:
        list(pool.map(function, parts))


def _improve(best: Neighbours, read: Read, members: np.ndarray, halves: Halves, rows: np.ndarray) -> None:
    """Put what is better among the `members`, whose vectors are `halves`, into `best` of the images `rows`."""
    own = _improved(Neighbours(*(part[rows] for part in best)), rows, read(rows), members, halves)
    best.neighbour[rows], best.correlation[rows] = own


def _improved(best: Neighbours, rows: np.ndarray, own: Halves, members: np.ndarray, halves: Halves) -> Neighbours:
    """The best of the images `rows` so far, `best`, and of the `members`."""
    for start in range(0, len(members), COLUMNS):
        columns = slice(start, start + COLUMNS)
        found = cells.correlations(own, Halves(*(part[columns] for part in halves)))
        best = _merged(best, found, rows, members[columns])
    return best


def _merged(best: Neighbours, found: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> Neighbours:
    """The best so far, and what is better in the correlations `found` of `rows` and `columns`.

    Of equally near neighbours, those that came first.
    """
    count = best.neighbour.shape[1]
    row, column = np.divmod(np.flatnonzero(found > best.correlation[:, -1:]), len(columns))
    is_other = rows[row] != columns[column]
    row, column = row[is_other], column[is_other]
    better = np.unique(row)
    if not len(better):
        return best
    image = np.concatenate([np.repeat(better, count), row])
    neighbour = np.concatenate([best.neighbour[better].ravel(), columns[column]])
    correlation = np.concatenate([best.correlation[better].ravel(), found[row, column]])
    order = np.lexsort((-correlation, image))
    kept = order[ranks(image[order]) < count].reshape(-1, count)
    best.neighbour[better], best.correlation[better] = neighbour[kept], correlation[kept]
    return best


def ranks(group: np.ndarray) -> np.ndarray:
    """The place of each entry among those of its group; `group` is sorted."""
    return np.arange(len(group)) - np.searchsorted(group, group)
