"""Where a model fails: accuracy by what the images are like, bright or dark, sharp or blurred, large or small.

Numbers of the manifest are cut at their quartiles, words are taken as they are. The fraction of right answers in a
slice is compared with that of all other images by Fisher's exact test (1922), and since many slices are looked
at, p is corrected by Holm (1979). The price: a slice says that the model fails there, not why; what is blurred may
also be small.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from darkroom.metrics import intervals
from darkroom.metrics.significance import fisher, holm

NUMBERS = "brightness", "contrast", "colour", "sharpness", "width", "height", "bytes"  # columns of a manifest
WORDS = "group", "mode", "format"
PARTS = 4
KINDS = 12  # different words; of a property with more nothing could be read


def by_property(rows: Sequence[Mapping], right: np.ndarray, *, confidence: float) -> list[dict]:
    """A row a slice: property, slice, n, value with its interval, small, p and p_corrected (against all others).

    `rows` are those of the manifest for the n images, with any of NUMBERS and WORDS; `right` bool `(n,)`.
    """
    found = []
    for name, part, inside in _parts(rows):
        n = int(inside.sum())
        fraction = intervals.scored(int(right[inside].sum()), n, confidence)
        found.append(
            {
                "property": name,
                "slice": part,
                "n": n,
                **fraction,
                "small": n < intervals.SMALL,
                "p": fisher(right, inside),
            }
        )
    for row, p in zip(found, holm([row["p"] for row in found]), strict=True):
        row["p_corrected"] = p
    return found


def _parts(rows: Sequence[Mapping]) -> list[tuple[str, str, np.ndarray]]:
    """Property, name of the part, and which images `(n,)` are in it; properties that do not vary are left out."""
    found = []
    for name in NUMBERS:
        found += [(name, *part) for part in _quartiles([row.get(name) for row in rows])]
    for name in WORDS:
        values = np.array([str(row.get(name) or "") for row in rows])
        kinds = sorted(set(values))
        if 1 < len(kinds) <= KINDS:
            found += [(name, kind or "(none)", values == kind) for kind in kinds]
    return found


def _quartiles(cells: Sequence[object]) -> list[tuple[str, np.ndarray]]:
    """Up to PARTS parts of about equal size; images without a number are in none."""
    values = np.array([np.nan if cell in (None, "") else float(cell) for cell in cells])  # type: ignore[arg-type]
    known = values[~np.isnan(values)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, PARTS + 1))) if len(known) else known
    if len(edges) < 2:
        return []
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    names = [f"{_short(low)} to {_short(high)}" for low, high in zip(edges, edges[1:], strict=False)]
    parts = [(name, (place == i) & ~np.isnan(values)) for i, name in enumerate(names)]
    return [part for part in parts if part[1].any()]


def _short(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
