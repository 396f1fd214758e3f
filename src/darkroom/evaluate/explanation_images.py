"""What is shown of one model: which images, and the little images that explain it."""

import numpy as np

from darkroom import png
from darkroom.evaluate import grad_cam, sheets

SHOWN = 6  # mistakes, and as many hits


def choose(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, list[int]]:
    """`{mistakes, hits}`: rows of the surest mistakes, and of typical hits, each of another class.

    Typical is what is nearest to the median probability of the hits of its class.
    """
    predicted, sure = probabilities.argmax(1), probabilities.max(1)
    wrong = np.flatnonzero(predicted != labels)
    mistakes = wrong[np.lexsort((wrong, -sure[wrong]))][:SHOWN]
    hits = [_typical(np.flatnonzero((labels == i) & (predicted == i)), sure) for i in np.unique(labels)]
    return {"mistakes": mistakes.tolist(), "correct": [row for row in hits if row is not None][:SHOWN]}


def explained(model: object, images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray) -> tuple:
    """What explanation.json says of the model, and the PNGs beside it by their file names.

    `images` uint8 `(n, s, s, c)`, `labels` int64 `(n,)`, `probabilities` float `(n, k)`. The heat is that of the
    class the model said.
    """
    chosen = choose(labels, probabilities)
    rows = [*chosen["mistakes"], *chosen["correct"]]
    shown_images = np.stack([images[row] for row in rows])
    heat = grad_cam.heat(model, shown_images, probabilities[rows].argmax(1))
    pngs = {} if heat is None else {
        f"heatmap-{row}": png.encode(sheets.warmed(image, warmth))
        for row, image, warmth in zip(rows, shown_images, heat, strict=True)
    }  # fmt: skip
    told = {**chosen, "heatmaps": heat is not None, "filters": None, "feature_maps": [], "feature_maps_row": None}
    kernels = grad_cam.filters(model)
    if kernels is not None:
        told["filters"] = list(kernels.shape)
        pngs["filters"] = _sheet(kernels)
    maps = grad_cam.feature_maps(model, shown_images[-1])
    if maps:
        told["feature_maps_row"] = rows[-1]
        told["feature_maps"] = [{"layer": each.layer, "shape": list(each.values.shape)} for each in maps]
        lines = [sheets.stretched(np.moveaxis(each.values, -1, 0))[..., np.newaxis] for each in maps]
        pngs["feature_maps"] = sheets.sheet(lines)
    return told, pngs


def _typical(rows: np.ndarray, sure: np.ndarray) -> int | None:
    if not len(rows):
        return None
    return int(rows[np.abs(sure[rows] - np.median(sure[rows])).argmin()])


def _sheet(kernels: np.ndarray) -> bytes:
    """Kernels `(f, h, w, c)` in lines of sixteen; with other than 1 or 3 channels their mean is shown."""
    shown = kernels if kernels.shape[-1] in (1, 3) else kernels.mean(-1, keepdims=True)
    return sheets.sheet([shown[i : i + 16] for i in range(0, len(shown), 16)])
