"""Where a model fails: accuracy by what the images are like, bright or dark, sharp or blurred, large or small.

Numbers of the manifest are cut at their quartiles, words are taken as they are. The fraction of correct predictions in
a slice is compared with that of all other images by Fisher's exact test (1922), with counts that allow for clusters of
images; since there are many slices, p is corrected by Holm (1979). The price: a slice says that the model fails there,
not why; blurred images may also be small.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from darkroom.evaluation_folder import Slice
from darkroom.metrics import intervals
from darkroom.metrics.design import Design
from darkroom.metrics.ranking import holm
from darkroom.metrics.subset_test import design_effect, fisher

NUMBERS = "brightness", "contrast", "colour", "sharpness", "width", "height", "bytes"  # columns of a manifest
WORDS = "group", "mode", "format"
PARTS = 4
VALUES = 12  # different words; a property with more makes no slices


def by_property(rows: Sequence[Mapping], correct: np.ndarray, design: Design, *, confidence: float) -> list[Slice]:
    """Score each slice of n images, with Wilson's interval at `confidence`, both for as many images as are independent.

    `rows` are those of the manifest for the n images, with any of NUMBERS and WORDS; `correct` bool `(n,)`; `design`
    says which images belong together.
    """
    parts = _parts(rows)
    effects = [design_effect(correct, inside, design) for _, _, inside in parts]
    ps = [fisher(correct, inside, effect) for (_, _, inside), effect in zip(parts, effects, strict=True)]
    slices: list[Slice] = []
    for (name, part, inside), effect, p, p_corrected in zip(parts, effects, ps, holm(ps), strict=True):
        n, right = int(inside.sum()), int(correct[inside].sum())
        low, high = intervals.wilson(right / effect, n / effect, confidence)
        slices.append({
            "property": name, "slice": part, "n": n,
            "value": right / n, "low": low, "high": high,
            "small": n / effect < intervals.SMALL, "p": p, "p_corrected": p_corrected,
        })  # fmt: skip
    return slices


def _parts(rows: Sequence[Mapping]) -> list[tuple[str, str, np.ndarray]]:
    """Property, name of the part, and which images `(n,)` are in it; properties that do not vary are left out."""
    parts = []
    for name in NUMBERS:
        parts += [(name, *part) for part in _quartiles([row.get(name) for row in rows])]
    for name in WORDS:
        values = np.array([str(row.get(name) or "") for row in rows])
        distinct = sorted(set(values))
        if 1 < len(distinct) <= VALUES:
            parts += [(name, value or "(none)", values == value) for value in distinct]
    return parts


def _quartiles(cells: Sequence[str | None]) -> list[tuple[str, np.ndarray]]:
    """Up to PARTS parts of about equal size; images without a number are in none."""
    values = np.array([float(cell) if cell else np.nan for cell in cells])
    numbers = values[~np.isnan(values)]
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, PARTS + 1))) if len(numbers) else numbers
    if len(edges) < 2:
        return []
    part = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    names = [f"{_short(low)} to {_short(high)}" for low, high in zip(edges, edges[1:], strict=False)]
    parts = [(name, (part == i) & ~np.isnan(values)) for i, name in enumerate(names)]
    return [(name, inside) for name, inside in parts if inside.any()]


def _short(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
