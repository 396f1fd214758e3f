"""The small images that explain a model: which test images to show, Grad-CAM over them, filters and feature maps.

Sizes are whole multiples of the arrays, so that a cell stays a square with sharp edges.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from darkroom import png
from darkroom.evaluate import grad_cam
from darkroom.evaluation_folder import Explanation
from darkroom.metrics.sample import Predictions
from darkroom.plots import thumbnail

if TYPE_CHECKING:
    import keras

SHOWN = 6  # mistakes, and as many correct predictions
WARM = np.array([213, 94, 0])  # vermilion (Okabe and Ito 2008)
COVER = 0.7  # of the warm colour where the heatmap is 1
TILE, GAP = 30, 4  # pixels
FILTERS_PER_LINE = 16
BACKGROUND = 128  # between the tiles, and in none of them, so that it can be transparent


class Explained(NamedTuple):
    explanation: Explanation
    images: dict[str, bytes]  # PNG: heatmap-ROW, filters, feature_maps


class Examples(NamedTuple):
    mistakes: list[int]
    correct: list[int]


def draw(model: "keras.Model", images: np.ndarray, predictions: Predictions) -> Explained:
    """Draw what explains a model; the heatmaps are those of the predicted class. `images` uint8 `(n, s, s, c)`."""
    examples = choose(predictions)
    rows = [*examples.mistakes, *examples.correct]
    shown = np.stack([images[row] for row in rows])
    pngs: dict[str, bytes] = {}
    heatmaps = grad_cam.heatmaps(model, shown, predictions.predicted[rows])
    if heatmaps is not None:
        overlays = map(overlay, shown, heatmaps)
        pngs |= {f"heatmap-{row}": png.encode(pixels) for row, pixels in zip(rows, overlays, strict=True)}
    kernels = grad_cam.filters(model)
    if kernels is not None:
        pngs["filters"] = _draw_filters(kernels)
    maps = grad_cam.feature_maps(model, shown[-1])
    if maps:
        pngs["feature_maps"] = encode_tiles([_normalized(np.moveaxis(m.values, -1, 0))[..., np.newaxis] for m in maps])
    explanation: Explanation = {
        "mistakes": examples.mistakes,
        "correct": examples.correct,
        "heatmaps": heatmaps is not None,
        "filters": None if kernels is None else list(kernels.shape),
        "feature_maps": [{"layer": m.layer, "shape": list(m.values.shape)} for m in maps],
        "feature_maps_row": rows[-1] if maps else None,
    }
    return Explained(explanation, pngs)


def choose(predictions: Predictions) -> Examples:
    """Choose rows of the most confident mistakes, and of typical correct predictions, each of another class.

    Typical is the one nearest to the median confidence of the correct predictions of its class.
    """
    labels, predicted, confidence = predictions.labels, predictions.predicted, predictions.probabilities.max(1)
    wrong = np.flatnonzero(predicted != labels)
    mistakes = wrong[np.lexsort((wrong, -confidence[wrong]))][:SHOWN]
    by_class = [np.flatnonzero((labels == i) & (predicted == i)) for i in np.unique(labels)]
    correct = [_typical(rows, confidence) for rows in by_class if len(rows)]
    return Examples(mistakes.tolist(), correct[:SHOWN])


def overlay(image: np.ndarray, heatmap: np.ndarray) -> np.ndarray:
    """Lay `heatmap` float `(a, b)` in 0..1 over `image` uint8 `(s, s, c)`, made small and grey; uint8 `(h, w, 3)`."""
    grey = thumbnail.small(image).mean(2, keepdims=True).repeat(3, 2)
    cover = COVER * _resized(heatmap, grey.shape[:2])[..., np.newaxis]
    return ((1 - cover) * grey + cover * WARM).round().astype(np.uint8)


def encode_tiles(rows: Sequence[np.ndarray]) -> bytes:
    """PNG of `tiles` with a transparent background."""
    return png.encode(tiles(rows), clear=BACKGROUND)


def tiles(rows: Sequence[np.ndarray]) -> np.ndarray:
    """uint8 `(h, w, c)`: a line of tiles for each of the rows, float `(m, a, b, c)` in 0..1 with 1 or 3 channels."""
    columns, channels = max(len(row) for row in rows), rows[0].shape[-1]
    step = TILE + GAP
    pixels = np.full((len(rows) * step - GAP, columns * step - GAP, channels), BACKGROUND, np.uint8)
    for i, row in enumerate(rows):
        for j, values in enumerate(row):
            tile = (255 * _nearest(values)).round().astype(np.uint8)
            tile[tile == BACKGROUND] -= 1
            pixels[i * step : i * step + TILE, j * step : j * step + TILE] = tile
    return pixels


def _typical(rows: np.ndarray, confidence: np.ndarray) -> int:
    return int(rows[np.abs(confidence[rows] - np.median(confidence[rows])).argmin()])


def _draw_filters(kernels: np.ndarray) -> bytes:
    """Draw kernels `(f, h, w, c)` in lines; with other than 1 or 3 channels their mean is shown."""
    shown = kernels if kernels.shape[-1] in (1, 3) else kernels.mean(-1, keepdims=True)
    return encode_tiles([shown[i : i + FILTERS_PER_LINE] for i in range(0, len(shown), FILTERS_PER_LINE)])


def _normalized(values: np.ndarray) -> np.ndarray:
    """Scale each of the m maps of `values` float `(m, a, b)` to 0..1; a constant one is 0."""
    low, high = values.min((1, 2), keepdims=True), values.max((1, 2), keepdims=True)
    return (values - low) / np.where(high > low, high - low, 1)


def _nearest(values: np.ndarray) -> np.ndarray:
    """`(TILE, TILE, c)`: each pixel takes the value of the cell that lies there."""
    rows, columns = (np.arange(TILE) * size // TILE for size in values.shape[:2])
    return values[rows][:, columns]


def _resized(values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Bilinear, the centres of the outer cells at the centres of the outer pixels."""
    for axis, size in enumerate(shape):
        count = values.shape[axis]
        position = np.clip((np.arange(size) + 0.5) * count / size - 0.5, 0, count - 1)
        low = np.floor(position).astype(int)
        high = np.minimum(low + 1, count - 1)
        fraction = np.expand_dims(position - low, 1 - axis)
        values = (1 - fraction) * values.take(low, axis) + fraction * values.take(high, axis)
    return values
