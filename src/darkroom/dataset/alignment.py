"""How much two images differ once one is moved onto the other: shifted, scaled, sheared or rotated a little.

The affine map, the contrast and the brightness are found together, by least squares, in a few Gauss-Newton steps from
coarse to fine (Lucas and Kanade 1981). The outermost twentieth of the images is left out: a crop has lost it, and a
rotation has filled its corners. The price is 0.8 ms of processor time for a pair, so only likely pairs come here.
"""

import numpy as np

from darkroom.dataset import spectrum

STEPS = (6, 8, 16, 16)  # the band of frequencies of each step
FINE = 48  # points of each axis of the image that is moved, between which it is interpolated
COARSE = 24  # points of each axis at which the two are compared
MARGIN = 0.06  # of width and height, left out at each edge
LIMITS = np.array([0.06, 0.06, 0.12, 0.12, 0.12, 0.12], np.float32)  # of the shift, as a fraction; of the linear map
CHUNK = 512  # pairs at once: 30 MB

_grid = (np.arange(COARSE, dtype=np.float32) + 0.5) / COARSE - 0.5
_grid = _grid[np.abs(_grid) < 0.5 - MARGIN]
Y, X = (axis.ravel() for axis in np.meshgrid(_grid, _grid, indexing="ij"))  # from the middle, as fractions


def differences(first: np.ndarray, second: np.ndarray, bands: np.ndarray) -> np.ndarray:
    """The relative difference of pairs of spectra, each float (m, 16, 16), below their `bands`, int (m,): float (m,).

    It is sqrt(2 - 2 r), where r is the correlation of the aligned images: the root mean square difference as a
    fraction of the contrast, once both have the same.
    """
    parts = [slice(start, start + CHUNK) for start in range(0, len(first), CHUNK)]
    return np.concatenate([np.empty(0), *(_differences(first[p], second[p], bands[p]) for p in parts)])


def relative_difference(correlation: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(0, 2 - 2 * correlation))


def _differences(first: np.ndarray, second: np.ndarray, bands: np.ndarray) -> np.ndarray:
    maps = np.zeros((len(first), 6), np.float32)
    for band in STEPS:
        step_bands = np.minimum(band, bands)
        fine = _drawn(first, step_bands, spectrum.waves(FINE))
        goal = _compared(_drawn(second, step_bands, spectrum.waves(COARSE)))
        maps = _improved(maps, fine, goal)
    moved, _, _, inside = _moved(fine, maps)
    return relative_difference(_correlation(moved, goal, inside))


def _drawn(spectra: np.ndarray, bands: np.ndarray, waves: np.ndarray) -> np.ndarray:
    """The images of the spectra, float32 (m, points, points)."""
    return waves @ spectrum.limited(spectra, bands) @ waves.T


def _compared(images: np.ndarray) -> np.ndarray:
    """What lies within the margins, float32 (m, points)."""
    edge = (COARSE - len(_grid)) // 2
    return images[:, edge : COARSE - edge, edge : COARSE - edge].reshape(len(images), -1)


def _improved(maps: np.ndarray, fine: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """One Gauss-Newton step: solve for the change of the map, the contrast and the brightness at once."""
    moved, across, down, inside = _moved(fine, maps)
    slopes = [across, down, across * X, across * Y, down * X, down * Y, moved, np.ones_like(moved)]
    jacobian = np.stack(slopes, 1)
    weighted = jacobian * inside[:, None]
    normal = weighted @ jacobian.transpose(0, 2, 1)
    diagonal = np.arange(len(slopes))
    normal[:, diagonal, diagonal] = 1.001 * normal[:, diagonal, diagonal] + 1e-6  # solvable for flat images too
    solved = np.linalg.solve(normal, weighted @ goal[:, :, None])[:, :, 0]
    contrast = np.maximum(solved[:, 6:7], 0.2)
    return np.clip(maps + solved[:, :6] / contrast, -LIMITS, LIMITS)


def _moved(fine: np.ndarray, maps: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The images through their maps, the slopes across and down, and which points lie inside: all (m, points)."""
    right, low, xx, xy, yx, yy = maps.T[:, :, None]
    u = (X * (1 + xx) + Y * xy + right + 0.5) * FINE - 0.5
    v = (X * yx + Y * (1 + yy) + low + 0.5) * FINE - 0.5
    middle, reach = (FINE - 1) / 2, FINE / 2
    inside = (np.abs(u - middle) <= reach) & (np.abs(v - middle) <= reach)
    u, v = np.clip(u, 0, FINE - 1.001), np.clip(v, 0, FINE - 1.001)
    left, top = u.astype(np.int32), v.astype(np.int32)
    u, v = u - left, v - top
    corner = np.arange(len(fine))[:, None] * FINE**2 + top * FINE + left
    upper_left, upper_right, lower_left, lower_right = (fine.ravel()[corner + k] for k in (0, 1, FINE, FINE + 1))
    upper, lower = upper_left + (upper_right - upper_left) * u, lower_left + (lower_right - lower_left) * u
    across = (upper_right - upper_left) * (1 - v) + (lower_right - lower_left) * v
    return upper + (lower - upper) * v, across * FINE, (lower - upper) * FINE, inside


def _correlation(first: np.ndarray, second: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Of each row over the points inside."""
    n = np.maximum(1, inside.sum(1, keepdims=True))
    first = (first - (first * inside).sum(1, keepdims=True) / n) * inside
    second = (second - (second * inside).sum(1, keepdims=True) / n) * inside
    scale = np.sqrt((first * first).sum(1) * (second * second).sum(1))
    return (first * second).sum(1) / np.maximum(scale, 1e-9)
