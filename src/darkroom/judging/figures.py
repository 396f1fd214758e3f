"""Figures as SVG text from plain arrays and rows. The one door to matplotlib.

The same input gives the same bytes, so a figure under git changes only when a number does. Blue and vermilion
are those of Okabe and Ito (2008): told apart by colour-blind eyes, and dark enough for white paper and bright
enough for a black screen. matplotlib's global state is never touched: no pyplot, and the style lasts a call.
"""

import io
import math
import unicodedata
import warnings
from collections.abc import Mapping, Sequence

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from darkroom.errors import printable
from darkroom.judging import svg

BLUE, VERMILION = "#0072b2", "#d55e00"
TEXT = 11  # pixels
LONGEST = 18  # characters of a name in a figure; tables have the whole
SHADES = 0.15, 0.6  # opacity of the palest and the darkest: ink stays readable on it, on white and on black

_styled = matplotlib.style.context(
    [
        "default",
        {
            "figure.dpi": 72,  # a point is a pixel
            "figure.facecolor": "none",
            "axes.facecolor": "none",
            "svg.fonttype": "none",
            "svg.hashsalt": "darkroom",
            "text.parse_math": False,  # a class may be called $x$
            "font.sans-serif": ["DejaVu Sans"],
            "font.size": TEXT,
            "axes.titlesize": TEXT + 1,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "grid.alpha": 0.15,
            "legend.frameon": False,
            **{f"{part}.color": svg.INK for part in ("text", "xtick", "ytick", "grid")},
            **{f"axes.{part}color": svg.INK for part in ("edge", "label")},
        },
    ]
)


@_styled
def confusion(matrix: np.ndarray, classes: Sequence[str]) -> str:
    """`matrix` int64 `(k, k)`, rows the truth, columns the prediction; `classes` k names.

    Blue is right and vermilion is wrong, the shade grows with the square root of the share of the row, so that
    one error in a hundred still shows. Numbers up to 20 classes, names up to 100.
    """
    matrix, k = np.asarray(matrix), len(classes)
    cell = min(60, max(460 / k, 10)) if k <= 100 else 1000 / k
    names = [_shortened(name) for name in classes] if k <= 100 else [""] * k
    size = min(TEXT, cell - 1)
    longest = max(_width(name) for name in names) * size
    upright = longest > cell - 4
    left, below = longest + 34, (longest if upright else size) + 34
    figure, axes = _blank(max(left + k * cell, 240) + 12, below + k * cell + 26, left, below, k * cell)
    _cells(axes, matrix)
    if cell >= 22:
        _numbers(axes, matrix, cell)
    axes.set(xlim=(0, k), ylim=(k, 0), xlabel="predicted", ylabel="truth")
    axes.set_xticks(np.arange(k) + 0.5, names, rotation=90 if upright else 0, fontsize=size)
    axes.set_yticks(np.arange(k) + 0.5, names, fontsize=size)
    axes.tick_params(length=0, pad=4)
    axes.spines[:].set(visible=True, alpha=0.3)
    axes.set_title("Shade: share of the row", fontsize=TEXT - 1, fontweight="normal", alpha=0.7)
    return _svg(figure, f"Confusion matrix of {k} classes, {matrix.trace()} of {matrix.sum()} on the diagonal")


@_styled
def curves(rows: Sequence[Mapping]) -> str:
    """Loss and accuracy by epoch of one model; `rows` hold epoch, loss, accuracy, val_loss, val_accuracy.

    The best epoch is that of the lowest validation loss, the earliest of equals.
    """
    found = {key: [_number(row[key]) for row in rows] for key in ("epoch", *_CURVES)}
    best = min((i for i, loss in enumerate(found["val_loss"]) if not math.isnan(loss)),
               key=found["val_loss"].__getitem__, default=None)  # fmt: skip
    figure, panels = _panels(700, 260, 2)
    for axes, key in zip(panels, ("loss", "accuracy"), strict=True):
        mark = "o" if len(rows) < 3 else ""
        axes.plot(found["epoch"], found[key], "--", marker=mark, color=svg.INK, alpha=0.6, lw=1.2, label="training")
        axes.plot(found["epoch"], found[f"val_{key}"], marker=mark, color=BLUE, lw=1.8, label="validation")
        axes.set(title=key.capitalize(), xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        axes.grid(axis="y")
        if best is not None:
            _mark(axes, found["epoch"][best], found[f"val_{key}"][best], low=key == "accuracy")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=2)
    told = f", best epoch {found['epoch'][best]:g}" if best is not None else ""
    return _svg(figure, f"Loss and accuracy over {len(rows)} epochs, training and validation{told}")


_CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")


def _cells(axes: Axes, matrix: np.ndarray) -> None:
    rows, columns = np.nonzero(matrix)
    shares = matrix[rows, columns] / matrix.sum(1)[rows]
    corners = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    squares = np.stack([columns, rows], 1)[:, None] + corners
    colours = [matplotlib.colors.to_rgba(BLUE if r == c else VERMILION) for r, c in zip(rows, columns, strict=True)]
    alphas = SHADES[0] + (SHADES[1] - SHADES[0]) * np.sqrt(shares)
    shaded = [(*colour[:3], alpha) for colour, alpha in zip(colours, alphas, strict=True)]
    axes.add_collection(PolyCollection(squares, facecolors=shaded, edgecolors="none"))


def _numbers(axes: Axes, matrix: np.ndarray, cell: float) -> None:
    size = min(TEXT + 1, 1.4 * cell / len(str(matrix.max())))
    for row, column in np.argwhere(matrix):
        axes.text(column + 0.5, row + 0.52, str(matrix[row, column]), ha="center", va="center", fontsize=size)


def _mark(axes: Axes, x: float, y: float, *, low: bool) -> None:
    """A dot and a line at the best epoch; its label at the end of the line that a good curve leaves free."""
    axes.axvline(x, color=svg.INK, alpha=0.35, lw=0.8)
    axes.plot([x], [y], "o", color=BLUE, ms=6)
    right = x > sum(axes.get_xlim()) / 2
    axes.annotate(f"best epoch {x:g}", (x, 0.03 if low else 0.97), xycoords=("data", "axes fraction"),
                  xytext=(-5 if right else 5, 0), textcoords="offset points",
                  ha="right" if right else "left", va="bottom" if low else "top")  # fmt: skip


def _panels(width: float, height: float, columns: int) -> tuple[Figure, Sequence[Axes]]:
    figure = Figure(figsize=(width / 72, height / 72), layout="constrained")
    return figure, figure.subplots(1, columns, squeeze=False)[0]


def _blank(width: float, height: float, left: float, below: float, side: float) -> tuple[Figure, Axes]:
    """Axes of `side` pixels squared at this place of a figure of `width` by `height`."""
    figure = Figure(figsize=(width / 72, height / 72))
    return figure, figure.add_axes((left / width, below / height, side / width, side / height))


def _svg(figure: Figure, description: str) -> str:
    text = io.StringIO()
    with warnings.catch_warnings():
        # The viewer has the letters that our measuring font lacks
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None})
    return svg.presentable(text.getvalue(), description)


def _shortened(name: object) -> str:
    text = printable(name)
    return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}…{text[-LONGEST // 2 + 1 :]}"


def _width(text: str) -> float:
    """Of a text in its own size: letters of East Asia are square, others narrower."""
    return sum(1.0 if unicodedata.east_asian_width(c) in "WF" else 0.62 for c in text)


def _number(value: object) -> float:
    """What a CSV leaves empty is not a number."""
    return float(value) if value not in ("", None) else math.nan
