"""Draw what accuracy depends on: properties of the images, latency, and the number of training images."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from darkroom.metrics import metric_table
from darkroom.plots import canvas, number_format
from darkroom.plots.canvas import BLUE, INK, VERMILION

ROW = 21  # pixels


@canvas.styled
def slices(rows: Sequence[Mapping], overall: float, level: float, width: int = canvas.WIDE) -> str:
    """Accuracy in each slice with its interval, and a line at the `overall` accuracy.

    `rows` are those of `slices.by_property`. A slice whose corrected p is below `level` is a vermilion square; a
    slice of few images is hollow.
    """
    labels: list[str] = []
    headings, marks = [], []
    for name, group in groupby(rows, lambda row: row["property"]):
        headings.append(len(labels))
        labels.append(metric_table.label(name))
        for row in group:
            marks.append((len(labels), row))
            labels.append(row["slice"])
    figure, (axes,) = canvas.panels(width, 1, min_width=width, height=ROW * len(labels), legend_height=50)
    axes.axvline(overall, color=INK, alpha=0.4, lw=1)
    for y, row in marks:
        _mark_slice(axes, y, row, significant=row["p_corrected"] < level)
    canvas.list_rows(axes, labels, "accuracy")
    for i in headings:
        axes.get_yticklabels()[i].set_fontweight("bold")
    axes.grid(axis="x")
    return canvas.to_svg(figure, f"Accuracy with its interval in {len(marks)} slices by {len(headings)} properties")


@canvas.styled
def latency(models: Sequence[Mapping], front: Sequence[str], metric: str, width: int = canvas.WIDE) -> str:
    """A metric against the time per image; `models` have model, value, low, high and latency_ms.

    The models on the Pareto `front` are blue and joined by a line, the others are hollow.
    """
    figure, (axes,) = canvas.panels(width, 1, min_width=width, height=290, legend_height=20)
    times = [m["latency_ms"] for m in models]
    optimal = sorted((m for m in models if m["model"] in front), key=lambda m: m["latency_ms"])
    axes.plot([m["latency_ms"] for m in optimal], [m["value"] for m in optimal], color=BLUE, alpha=0.4, lw=1.4)
    for position, m in enumerate(sorted(models, key=lambda m: m["latency_ms"])):
        colour, face = (BLUE, BLUE) if m["model"] in front else (INK, "none")
        x, low, high = m["latency_ms"], *(number_format.number(m[end]) for end in ("low", "high"))
        axes.vlines([x], [low], [high], color=colour, alpha=0.5, lw=1.6)
        axes.plot([x], [m["value"]], "o", ms=8, color=colour, mfc=face)
        right = x * x > min(times) * max(times)  # in the right half of a logarithmic axis
        offset = (-9 if right else 9, -16 if position % 2 else 7)
        axes.annotate(canvas.shorten(m["model"]), (x, m["value"]), xytext=offset,
                      textcoords="offset points", ha="right" if right else "left")  # fmt: skip
    axes.set_xlim(min(times) / 1.6, max(times) * 1.6)
    canvas.log_if_wide(axes, times, "x")
    axes.set(xlabel="milliseconds per image", ylabel=metric)
    axes.margins(y=0.12)
    axes.grid()
    return canvas.to_svg(figure, f"{metric} against latency of {len(models)} models, {len(front)} on the Pareto front")


@canvas.styled
def learning_curves(curves: Mapping[str, Sequence[Mapping]], width: int = canvas.WIDE) -> str:
    """Test accuracy with its interval by the number of training images, one line per model.

    `curves` are those of `curve_verdict.by_model`. The last one is blue with squares, the others dashed ink.
    """
    figure, (axes,) = canvas.panels(width, 1, min_width=width, height=290, legend_height=34)
    sizes = sorted({row["images"] for rows in curves.values() for row in rows})
    for position, (model, rows) in enumerate(curves.items()):
        last = position == len(curves) - 1
        colour, line, marker = (BLUE, "-", "s") if last else (INK, "--", "o")
        shift = (sizes[-1] / sizes[0]) ** (
            0.006 * (2 * position + 1 - len(curves))
        )  # so that no interval hides another
        n_images = [row["images"] * shift for row in rows]
        accuracy, low, high = (number_format.column(rows, key) for key in ("accuracy", "low", "high"))
        axes.vlines(n_images, low, high, color=colour, alpha=0.5, lw=1.6)
        axes.plot(n_images, accuracy, color=colour, ls=line, marker=marker, ms=6, lw=1.6, alpha=0.9,
                  label=canvas.shorten(model))  # fmt: skip
    canvas.log_ticks(axes, sizes)
    axes.set(xlabel="training images", ylabel="test accuracy")
    axes.grid(axis="y")
    canvas.legend(figure, axes, len(curves))
    return canvas.to_svg(figure, f"Test accuracy by the number of training images for {len(curves)} models")


def _mark_slice(axes: canvas.Axes, y: float, row: Mapping, *, significant: bool) -> None:
    colour, marker = (VERMILION, "s") if significant else (BLUE, "o")
    face = "none" if row["small"] else colour
    axes.plot([row["low"], row["high"]], [y, y], color=colour, alpha=0.6, lw=1.8, solid_capstyle="round")
    axes.plot([row["value"]], [y], marker, color=colour, mfc=face, ms=6.5)
