"""Pictures that compare models side by side in MLflow. Each has the same name for every model."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from darkroom import png
from darkroom.evaluation_folder import Explanation
from darkroom.metrics.sample import Predictions
from darkroom.plots import canvas, figures, image_grid, thumbnail
from darkroom.saving.model_folder import HistoryRow


class Shown(NamedTuple):
    """Test images, what a model predicts for them, and the counts of that: rows true class, columns predicted."""

    images: np.ndarray  # uint8 (n, s, s, c)
    predictions: Predictions
    classes: tuple[str, ...]
    confusion: np.ndarray  # int64 (k, k)


def draw(
    shown: Shown, explanation: Explanation, heatmaps: Mapping[str, bytes], history: Sequence[HistoryRow]
) -> dict[str, bytes]:
    """PNGs by name: confusion_matrix, training_curves, and where there are any, mistakes and grad_cam.

    `heatmaps` are the PNGs `heatmap-ROW` of the rows in `explanation`.
    """
    wrong, right = explanation["mistakes"], explanation["correct"]
    pictures = {
        "confusion_matrix": figures.confusion_png(shown.confusion, shown.classes),
        "training_curves": figures.training_curves_png(history),
    }
    if wrong:
        tiles = [thumbnail.small(shown.images[row]) for row in wrong]
        pictures["mistakes"] = image_grid.draw(tiles, [_caption(shown, row) for row in wrong])
    rows = [row for row in [*wrong, *right] if f"heatmap-{row}" in heatmaps]
    if rows:
        tiles = [png.decode(heatmaps[f"heatmap-{row}"]) for row in rows]
        pictures["grad_cam"] = image_grid.draw(tiles, [_caption(shown, row) for row in rows])
    return pictures


def _caption(shown: Shown, row: int) -> str:
    label, predicted = (int(values[row]) for values in (shown.predictions.labels, shown.predictions.predicted))
    name = canvas.shorten(shown.classes[label])
    return name if label == predicted else f"{name}, not {canvas.shorten(shown.classes[predicted])}"
