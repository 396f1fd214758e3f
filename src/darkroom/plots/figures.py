"""Figures as SVG text from plain arrays and rows.

The same input gives the same bytes, so a figure under git changes only when a number does. Blue is what
matters, vermilion what is wrong, ink the rest; nothing is told by colour alone.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from darkroom.plots import canvas, number_format
from darkroom.plots.canvas import BLUE, INK, TEXT, VERMILION

SHADES = 0.15, 0.6  # opacity of the palest and the darkest: ink stays readable on it, on white and on black
NAMED = 100  # classes that a confusion matrix has room to name
SIDES = {"train": (BLUE, 0.85), "val": (BLUE, 0.4), "test": (INK, 0.6)}


@canvas.styled
def confusion(matrix: np.ndarray, classes: Sequence[str]) -> str:
    """`matrix` int64 `(k, k)`, rows the truth, columns the prediction; `classes` k names.

    Blue is right and vermilion is wrong; the shade grows with the square root of the fraction of the row, so that
    one error in a hundred still shows. Numbers up to 20 classes, names up to 100.
    """
    matrix, k = np.asarray(matrix), len(classes)
    cell = min(80, max(460 / k, 10)) if k <= NAMED else 1000 / k
    names = [canvas.shortened(name) if k <= NAMED else "" for name in classes]
    size = min(TEXT, cell - 1)
    longest = max(canvas.width(name) for name in names) * size
    upright = longest > cell - 4
    figure, axes = canvas.square(k * cell, left=longest + 34, below=(longest if upright else size) + 34)
    _cells(axes, matrix)
    if cell >= 22:
        _counts(axes, matrix, cell)
    axes.set(xlim=(0, k), ylim=(k, 0), xlabel="predicted", ylabel="truth")
    axes.set_xticks(np.arange(k) + 0.5, names, rotation=90 if upright else 0, fontsize=size)
    axes.set_yticks(np.arange(k) + 0.5, names, fontsize=size)
    axes.tick_params(length=0, pad=4)
    axes.spines[:].set(visible=True, alpha=0.3)
    axes.set_title("Shade: share of the row", fontsize=TEXT - 1, fontweight="normal", alpha=0.7)
    told = f"Confusion matrix of {k} classes, {matrix.trace()} of {matrix.sum()} on the diagonal"
    return canvas.text_of(figure, told)


@canvas.styled
def curves(rows: Sequence[Mapping], width: int = canvas.WIDE) -> str:
    """Loss and accuracy by epoch of one model; `rows` hold epoch, loss, accuracy, val_loss, val_accuracy.

    The best epoch is that of the lowest validation loss, the earliest of equals.
    """
    epochs, best = number_format.column(rows, "epoch"), _lowest(number_format.column(rows, "val_loss"))
    figure, panels = canvas.panels(width, 2, least=300, height=230, above=30)
    for axes, key in zip(panels, ("loss", "accuracy"), strict=True):
        dot, found = "o" if len(rows) < 3 else "", number_format.column(rows, f"val_{key}")
        axes.plot(
            epochs, number_format.column(rows, key), "--", marker=dot, color=INK, alpha=0.6, lw=1.2, label="training"
        )
        axes.plot(epochs, found, marker=dot, color=BLUE, lw=1.8, label="validation")
        axes.set(title=key.capitalize(), xlabel="epoch")
        canvas.whole_numbers(axes)
        axes.grid(axis="y")
        if best is not None:
            canvas.mark(axes, epochs[best], found[best], f"best epoch {epochs[best]:g}", low=key == "accuracy")
    canvas.legend(figure, panels[0], 2)
    told = "" if best is None else f", best epoch {epochs[best]:g}"
    return canvas.text_of(figure, f"Loss and accuracy over {len(rows)} epochs, training and validation{told}")


@canvas.styled
def classes(counts: Mapping[str, Mapping[str, int]], width: int = canvas.WIDE) -> str:
    """Images of each class, `{class: {train, val, test}}`, as stacked bars."""
    step = 24 if len(counts) <= 30 else 14
    figure, (axes,) = canvas.panels(width, 1, least=width, height=step * len(counts), above=70)
    begun = [0] * len(counts)
    for side, (colour, opacity) in SIDES.items():
        widths = [row[side] for row in counts.values()]
        axes.barh(range(len(counts)), widths, 0.66, begun, color=colour, alpha=opacity, lw=0, label=side)
        begun = [a + b for a, b in zip(begun, widths, strict=True)]
    for place, total in enumerate(begun):
        axes.annotate(str(total), (total, place), xytext=(5, 0), textcoords="offset points", va="center")
    _list(axes, list(counts), "images", min(TEXT, step - 4))
    canvas.legend(figure, axes, 3)
    return canvas.text_of(figure, f"Images of {len(counts)} classes in train, val and test, {sum(begun)} in all")


@canvas.styled
def intervals(ranking: Sequence[Mapping], metric: str, width: int = canvas.WIDE) -> str:
    """A dot and its interval for each row of `ranking`: model, value, low, high. The first one is the best."""
    figure, (axes,) = canvas.panels(width, 1, least=width, height=34 * len(ranking), above=60)
    for place, row in enumerate(ranking):
        value, low, high = (number_format.number(row[key]) for key in ("value", "low", "high"))
        colour, opacity = (BLUE, 1) if place == 0 else (INK, 0.7)
        axes.plot([low, high], [place, place], color=colour, alpha=opacity, lw=2.2, solid_capstyle="round")
        axes.plot([value], [place], "o", color=colour, alpha=opacity, ms=8)
        if math.isnan(value):
            axes.annotate(
                number_format.NOTHING, (0.02, place), xycoords=("axes fraction", "data"), va="center", alpha=0.7
            )
    _list(axes, [row["model"] for row in ranking], metric, TEXT)
    axes.grid(axis="x")
    return canvas.text_of(figure, f"{metric} with its interval for {len(ranking)} models")


def _list(axes: canvas.Axes, names: Sequence[str], xlabel: str, size: float) -> None:
    """A name a line, from the top."""
    axes.set_yticks(range(len(names)), [canvas.shortened(name) for name in names], fontsize=size)
    axes.set(ylim=(len(names) - 0.5, -0.5), xlabel=xlabel)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.08)


def _cells(axes: canvas.Axes, matrix: np.ndarray) -> None:
    rows, columns = np.nonzero(matrix)
    fractions = np.sqrt(matrix[rows, columns] / matrix.sum(1)[rows])
    hues = np.where(rows == columns, BLUE, VERMILION)
    shades = SHADES[0] + (SHADES[1] - SHADES[0]) * fractions
    canvas.tiles(axes, list(zip(columns, rows, strict=True)), list(zip(hues, shades, strict=True)))


def _counts(axes: canvas.Axes, matrix: np.ndarray, cell: float) -> None:
    size = min(TEXT + 1, 1.4 * cell / len(str(matrix.max())))
    for row, column in np.argwhere(matrix):
        axes.text(column + 0.5, row + 0.52, str(matrix[row, column]), ha="center", va="center", fontsize=size)


def _lowest(values: Sequence[float]) -> int | None:
    known = [i for i, value in enumerate(values) if not math.isnan(value)]
    return min(known, key=values.__getitem__, default=None)
