"""Figures of what the probabilities are worth: ROC and precision-recall curves, reliability."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from darkroom.plots import canvas, number_format
from darkroom.plots.canvas import BLUE, INK, VERMILION

UNIT = {"xlim": (-0.02, 1.02), "ylim": (-0.02, 1.02)}


@canvas.styled
def curves(points: Sequence[Mapping], areas: Mapping[str, object], width: int = canvas.WIDE) -> str:
    """ROC and precision-recall of each class against the rest, the worst class dashed in vermilion.

    `points` are rows of roc.curves, `areas` the ROC area of each class.
    """
    lines = {label: list(rows) for label, rows in groupby(points, lambda row: row["label"])}
    worst = min(lines, key=lambda label: number_format.number(areas[label]), default=None) if len(lines) > 1 else None
    figure, (roc, recall) = canvas.panels(width, 2, least=300, height=300, above=34)
    for label, rows in sorted(lines.items(), key=lambda item: item[0] == worst):
        found = {key: number_format.column(rows, key) for key in ("false_positive_rate", "recall", "precision")}
        style = {"color": BLUE, "alpha": 0.5, "lw": 1.2, "label": "a class"}
        if label == worst:
            style = {"color": VERMILION, "ls": "--", "lw": 1.8, "label": f"worst: {canvas.shortened(label)}"}
        roc.plot([0, *found["false_positive_rate"]], [0, *found["recall"]], **style)
        recall.plot([0, *found["recall"]], [found["precision"][0], *found["precision"]], **style)
    roc.plot([0, 1], [0, 1], ":", color=INK, alpha=0.5, lw=1, label="chance")
    roc.set(title="ROC", xlabel="false positive rate", ylabel="recall", **UNIT)
    recall.set(title="Precision and recall", xlabel="recall", ylabel="precision", **UNIT)
    _legend_once(figure, roc)
    return canvas.text_of(figure, f"ROC and precision-recall curves of {len(lines)} classes against the rest")


@canvas.styled
def reliability(before: Sequence[Mapping], after: Sequence[Mapping], width: int = canvas.WIDE) -> str:
    """How often the model is right by how sure it is, and how many images are in each bin; as it is, and tempered.

    Rows of calibration.reliability.
    """
    figure, (fraction, count) = canvas.panels(width, 2, least=300, height=300, above=34)
    fraction.plot([0, 1], [0, 1], ":", color=INK, alpha=0.5, lw=1, label="honest")
    for rows, style, name in ((before, "o", "as it is"), (after, "s", "after temperature scaling")):
        some = [row for row in rows if number_format.number(row["n"])]
        sure, value, low, high = (number_format.column(some, key) for key in ("confidence", "value", "low", "high"))
        colour, alpha = (BLUE, 1) if rows is before else (INK, 0.55)
        fraction.plot(sure, value, style, color=colour, alpha=alpha, ms=6, mew=0, label=name)
        if rows is before:
            fraction.vlines(sure, low, high, color=colour, alpha=0.5, lw=1.4)
    _bars(count, before)
    fraction.set(title="How often it is right", xlabel="how sure the model is", ylabel="share right", **UNIT)
    canvas.legend(figure, fraction, 3)
    return canvas.text_of(figure, f"Reliability in {len(before)} bins, before and after temperature scaling")


def _bars(axes: canvas.Axes, rows: Sequence[Mapping]) -> None:
    lows, highs, heights = (number_format.column(rows, key) for key in ("bin_low", "bin_high", "n"))
    widths = [0.86 * (high - low) for low, high in zip(lows, highs, strict=True)]
    centres = [(low + high) / 2 for low, high in zip(lows, highs, strict=True)]
    axes.bar(centres, heights, widths, color=BLUE, alpha=0.6, lw=0)
    axes.set(title="Images", xlabel="how sure the model is", ylabel="images", xlim=UNIT["xlim"])


def _legend_once(figure: canvas.Figure, axes: canvas.Axes) -> None:
    """A legend in which a name that many lines share stands once."""
    handles, labels = axes.get_legend_handles_labels()
    named = dict(zip(labels, handles, strict=True))
    figure.legend(named.values(), named.keys(), loc="outside upper right", ncols=3)
