"""Draw figures as SVG text from plain arrays and rows.

The same input gives the same bytes, so a figure in git changes only when a number does. Blue marks what matters,
vermilion what is wrong; everything else is ink. Nothing is conveyed by colour alone.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from darkroom.plots import canvas, number_format
from darkroom.plots.canvas import BLUE, INK, TEXT, VERMILION

SHADES = 0.15, 0.6  # opacity of the palest and the darkest cell: ink is legible on both, on white and on black
MAX_NAMED = 100  # classes that a confusion matrix has room to name
SPLIT_FILLS = {"train": (BLUE, 0.85), "val": (BLUE, 0.4), "test": (INK, 0.6)}
UNIT = {"xlim": (-0.02, 1.02), "ylim": (-0.02, 1.02)}


@canvas.styled
def confusion(matrix: np.ndarray, classes: Sequence[str]) -> str:
    """Draw a confusion matrix as SVG; see `_confusion`."""
    description = f"Confusion matrix of {len(classes)} classes, {matrix.trace()} of {matrix.sum()} on the diagonal"
    return canvas.to_svg(_confusion(matrix, classes), description)


@canvas.styled
def confusion_png(matrix: np.ndarray, classes: Sequence[str]) -> bytes:
    return canvas.to_png(_confusion(matrix, classes))


def _confusion(matrix: np.ndarray, classes: Sequence[str]) -> canvas.Figure:
    """Confusion matrix, int64 `(k, k)`: rows are the true class, columns the predicted one; `classes` are k names.

    Blue is right and vermilion is wrong. The shade grows with the square root of the fraction of the row, so that
    one error in a hundred is still visible. Up to 20 classes have numbers in the cells, up to 100 have names.
    """
    k = len(classes)
    cell = min(80, max(460 / k, 10)) if k <= MAX_NAMED else 1000 / k
    names = [canvas.shorten(name) if k <= MAX_NAMED else "" for name in classes]
    size = min(TEXT, cell - 1)
    longest = max(canvas.text_width(name) for name in names) * size
    vertical = longest > cell - 4
    figure, axes = canvas.square(k * cell, left=longest + 34, below=(longest if vertical else size) + 34)
    _fill_cells(axes, matrix)
    if cell >= 22:
        _write_counts(axes, matrix, cell)
    axes.set(xlim=(0, k), ylim=(k, 0), xlabel="predicted class", ylabel="true class")
    axes.set_xticks(np.arange(k) + 0.5, names, rotation=90 if vertical else 0, fontsize=size)
    axes.set_yticks(np.arange(k) + 0.5, names, fontsize=size)
    axes.tick_params(length=0, pad=4)
    axes.spines[:].set(visible=True, alpha=0.3)
    axes.set_title("Shade: fraction of the row", fontsize=TEXT - 1, fontweight="normal", alpha=0.7)
    return figure


@canvas.styled
def training_curves(history: Sequence[Mapping], width: int = canvas.WIDE) -> str:
    """Draw loss and accuracy of one model as SVG; see `_training_curves`."""
    best = _lowest(number_format.column(history, "val_loss"))
    which = "" if best is None else f", best epoch {number_format.column(history, 'epoch')[best]:g}"
    description = f"Training and validation loss and accuracy over {len(history)} epochs{which}"
    return canvas.to_svg(_training_curves(history, width), description)


@canvas.styled
def training_curves_png(history: Sequence[Mapping]) -> bytes:
    return canvas.to_png(_training_curves(history, canvas.WIDE))


def _training_curves(history: Sequence[Mapping], width: int) -> canvas.Figure:
    """Loss and accuracy of one model; rows of `history` have epoch, loss, accuracy, val_loss and val_accuracy.

    The best epoch is the one with the lowest validation loss, the earliest in a tie.
    """
    epochs, best = number_format.column(history, "epoch"), _lowest(number_format.column(history, "val_loss"))
    figure, panels = canvas.panels(width, 2, min_width=300, height=230, legend_height=30)
    dot = "o" if len(history) < 3 else ""
    for axes, metric in zip(panels, ("loss", "accuracy"), strict=True):
        train, val = (number_format.column(history, key) for key in (metric, f"val_{metric}"))
        axes.plot(epochs, train, "--", marker=dot, color=INK, alpha=0.6, lw=1.2, label="training")
        axes.plot(epochs, val, marker=dot, color=BLUE, lw=1.8, label="validation")
        axes.set(title=metric.capitalize(), xlabel="epoch")
        canvas.whole_numbers(axes)
        axes.grid(axis="y")
        if best is not None:
            canvas.mark(axes, epochs[best], val[best], f"best epoch {epochs[best]:g}", low=metric == "accuracy")
    canvas.legend(figure, panels[0], 2)
    return figure


@canvas.styled
def class_counts(counts: Mapping[str, Mapping[str, int]], width: int = canvas.WIDE) -> str:
    """Images per class, `{class: {train, val, test}}`, as stacked bars."""
    step = 24 if len(counts) <= 30 else 14
    figure, (axes,) = canvas.panels(width, 1, min_width=width, height=step * len(counts), legend_height=70)
    starts = [0] * len(counts)
    for split, (colour, opacity) in SPLIT_FILLS.items():
        widths = [row[split] for row in counts.values()]
        axes.barh(range(len(counts)), widths, 0.66, starts, color=colour, alpha=opacity, lw=0, label=split)
        starts = [a + b for a, b in zip(starts, widths, strict=True)]
    for y, total in enumerate(starts):
        axes.annotate(str(total), (total, y), xytext=(5, 0), textcoords="offset points", va="center")
    canvas.list_rows(axes, list(counts), "images", min(TEXT, step - 4))
    axes.margins(x=0.08)
    canvas.legend(figure, axes, 3)
    return canvas.to_svg(
        figure, f"Images per class for {len(counts)} classes in train, val and test, {sum(starts)} in all"
    )


@canvas.styled
def ranking(rows: Sequence[Mapping], metric: str, width: int = canvas.WIDE) -> str:
    """A dot and its interval for each model; `rows` have model, value, low and high, the best model first."""
    figure, (axes,) = canvas.panels(width, 1, min_width=width, height=34 * len(rows), legend_height=60)
    for y, row in enumerate(rows):
        value, low, high = (number_format.number(row[key]) for key in ("value", "low", "high"))
        colour, opacity = (BLUE, 1) if y == 0 else (INK, 0.7)
        axes.plot([low, high], [y, y], color=colour, alpha=opacity, lw=2.2, solid_capstyle="round")
        axes.plot([value], [y], "o", color=colour, alpha=opacity, ms=8)
        if math.isnan(value):
            text = number_format.NOT_MEASURED
            axes.annotate(text, (0.02, y), xycoords=("axes fraction", "data"), va="center", alpha=0.7)
    canvas.list_rows(axes, [row["model"] for row in rows], metric)
    axes.margins(x=0.08)
    axes.grid(axis="x")
    return canvas.to_svg(figure, f"{metric} with its interval for {len(rows)} models")


@canvas.styled
def roc_and_precision_recall(points: Sequence[Mapping], areas: Mapping[str, object], width: int = canvas.WIDE) -> str:
    """ROC and precision-recall curves of each class against the rest, the worst class dashed in vermilion.

    `points` are rows of `metrics.roc.curves`, `areas` maps each class to the area under its ROC curve.
    """
    curves = {label: list(rows) for label, rows in groupby(points, lambda row: row["label"])}
    worst = min(curves, key=lambda label: number_format.number(areas[label])) if len(curves) > 1 else None
    figure, (roc, pr) = canvas.panels(width, 2, min_width=300, height=300, legend_height=34)
    for label, rows in sorted(curves.items(), key=lambda item: item[0] == worst):
        fpr, recall, precision = (
            number_format.column(rows, key) for key in ("false_positive_rate", "recall", "precision")
        )
        style: dict[str, Any] = {"color": BLUE, "alpha": 0.5, "lw": 1.2, "label": "class"}
        if label == worst:
            style = {"color": VERMILION, "ls": "--", "lw": 1.8, "label": f"worst: {canvas.shorten(label)}"}
        roc.plot([0, *fpr], [0, *recall], **style)
        pr.plot([0, *recall], [precision[0], *precision], **style)
    roc.plot([0, 1], [0, 1], ":", color=INK, alpha=0.5, lw=1, label="chance")
    roc.set(title="ROC", xlabel="false positive rate", ylabel="recall", **UNIT)
    pr.set(title="Precision and recall", xlabel="recall", ylabel="precision", **UNIT)
    canvas.legend(figure, roc, 3)
    return canvas.to_svg(figure, f"ROC and precision-recall curves of {len(curves)} classes against the rest")


@canvas.styled
def reliability(before: Sequence[Mapping], after: Sequence[Mapping], width: int = canvas.WIDE) -> str:
    """Accuracy by confidence, before and after temperature scaling, and the number of images in each bin.

    Both are rows of `calibration.reliability`; where they are equal, nothing was scaled and only one is drawn.
    """
    figure, (accuracy, count) = canvas.panels(width, 2, min_width=300, height=300, legend_height=34)
    accuracy.plot([0, 1], [0, 1], ":", color=INK, alpha=0.5, lw=1, label="perfect")
    scaled = after != before
    _mark_bins(accuracy, before, "o", color=BLUE, label="before scaling" if scaled else "not scaled")
    _draw_intervals(accuracy, before)
    if scaled:
        _mark_bins(accuracy, after, "s", color=INK, alpha=0.55, label="after scaling")
    _histogram(count, before)
    accuracy.set(title="Accuracy", xlabel="confidence", ylabel="accuracy", **UNIT)
    canvas.legend(figure, accuracy, 3)
    return canvas.to_svg(figure, f"Reliability diagram with {len(before)} bins")


def _fill_cells(axes: canvas.Axes, matrix: np.ndarray) -> None:
    rows, columns = np.nonzero(matrix)
    fractions = np.sqrt(matrix[rows, columns] / matrix.sum(1)[rows])
    hues = np.where(rows == columns, BLUE, VERMILION)
    shades = SHADES[0] + (SHADES[1] - SHADES[0]) * fractions
    canvas.tiles(axes, list(zip(columns, rows, strict=True)), list(zip(hues, shades, strict=True)))


def _write_counts(axes: canvas.Axes, matrix: np.ndarray, cell: float) -> None:
    size = min(TEXT + 1, 1.4 * cell / len(str(matrix.max())))
    for row, column in np.argwhere(matrix):
        axes.text(column + 0.5, row + 0.52, str(matrix[row, column]), ha="center", va="center", fontsize=size)


def _lowest(values: Sequence[float]) -> int | None:
    """Return the index of the smallest value, ignoring NaN."""
    measured = [i for i, value in enumerate(values) if not math.isnan(value)]
    return min(measured, key=values.__getitem__, default=None)


def _mark_bins(axes: canvas.Axes, bins: Sequence[Mapping], marker: str, **style: Any) -> None:
    x, y = (number_format.column(_filled(bins), key) for key in ("confidence", "value"))
    axes.plot(x, y, marker, ms=6, mew=0, **style)


def _draw_intervals(axes: canvas.Axes, bins: Sequence[Mapping]) -> None:
    x, low, high = (number_format.column(_filled(bins), key) for key in ("confidence", "low", "high"))
    axes.vlines(x, low, high, color=BLUE, alpha=0.5, lw=1.4)


def _filled(bins: Sequence[Mapping]) -> list[Mapping]:
    """Leave out the bins without an image."""
    return [row for row in bins if number_format.number(row["n"])]


def _histogram(axes: canvas.Axes, bins: Sequence[Mapping]) -> None:
    lows, highs, heights = (number_format.column(bins, key) for key in ("bin_low", "bin_high", "n"))
    widths = [0.86 * (high - low) for low, high in zip(lows, highs, strict=True)]
    centres = [(low + high) / 2 for low, high in zip(lows, highs, strict=True)]
    axes.bar(centres, heights, widths, color=BLUE, alpha=0.6, lw=0)
    axes.set(title="Images", xlabel="confidence", ylabel="images", xlim=UNIT["xlim"])
