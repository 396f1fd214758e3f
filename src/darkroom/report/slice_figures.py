"""Figures of what accuracy depends on: what the images are like, how many there are, and what a model may cost."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from darkroom.plots import canvas, number_format
from darkroom.plots.canvas import BLUE, INK, VERMILION

ROW = 21  # pixels


@canvas.styled
def slices(rows: Sequence[Mapping], overall: float, level: float, width: int = canvas.WIDE) -> str:
    """Accuracy in each slice with its interval, a line at the `overall` one.

    `rows` are those of slices.by_property; what differs from all others with p below `level` is a vermilion square,
    a small slice is hollow.
    """
    labels, heads, found = [], [], []
    for name, group in groupby(rows, lambda row: row["property"]):
        heads.append(len(labels))
        labels.append(number_format.metric(name))
        for row in group:
            found.append((len(labels), row))
            labels.append(canvas.shortened(row["slice"]))
    figure, (axes,) = canvas.panels(width, 1, least=width, height=ROW * len(labels), above=50)
    axes.axvline(overall, color=INK, alpha=0.4, lw=1)
    for place, row in found:
        _share(axes, place, row, row["p_corrected"] < level)
    axes.set_yticks(range(len(labels)), labels)
    for i, text in enumerate(axes.get_yticklabels()):
        text.set_fontweight("bold" if i in heads else "normal")
    axes.set(ylim=(len(labels) - 0.4, -0.6), xlabel="accuracy")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    return canvas.text_of(figure, f"Accuracy with its interval in {len(found)} slices by {len(heads)} properties")


@canvas.styled
def price(models: Sequence[Mapping], front: Sequence[str], metric: str, width: int = canvas.WIDE) -> str:
    """A metric against the time for an image; `models` have model, value, low, high and latency_ms.

    The models on the Pareto `front` are blue and joined, the others grey and hollow.
    """
    figure, (axes,) = canvas.panels(width, 1, least=width, height=290, above=20)
    times = [m["latency_ms"] for m in models]
    best = sorted((m for m in models if m["model"] in front), key=lambda m: m["latency_ms"])
    axes.plot([m["latency_ms"] for m in best], [m["value"] for m in best], color=BLUE, alpha=0.4, lw=1.4)
    for place, m in enumerate(sorted(models, key=lambda m: m["latency_ms"])):
        colour, face = (BLUE, BLUE) if m["model"] in front else (INK, "none")
        x, low, high = m["latency_ms"], *(number_format.number(m[end]) for end in ("low", "high"))
        axes.vlines([x], [low], [high], color=colour, alpha=0.5, lw=1.6)
        axes.plot([x], [m["value"]], "o", ms=8, color=colour, mfc=face)
        right = x * x > min(times) * max(times)  # beyond the middle of them
        beside = (-9 if right else 9, -16 if place % 2 else 7)
        axes.annotate(canvas.shortened(m["model"]), (x, m["value"]), xytext=beside,
                      textcoords="offset points", ha="right" if right else "left")  # fmt: skip
    axes.set_xlim(min(times) / 1.6, max(times) * 1.6)
    canvas.widen(axes, times, across=True)
    axes.set(xlabel="milliseconds an image", ylabel=metric)
    axes.margins(y=0.12)
    axes.grid()
    return canvas.text_of(figure, f"{metric} against time of {len(models)} models, {len(front)} on the Pareto front")


@canvas.styled
def learning(lines: Mapping[str, Sequence[Mapping]], width: int = canvas.WIDE) -> str:
    """Test accuracy with its interval by the number of training images, a line a model.

    `lines` are those of curve_verdict.by_model. The last is the blue one, squares; the others are ink and dashed.
    """
    figure, (axes,) = canvas.panels(width, 1, least=width, height=290, above=34)
    measured = sorted({row["images"] for rows in lines.values() for row in rows})
    for place, (model, rows) in enumerate(lines.items()):
        last = place == len(lines) - 1
        style = {"color": BLUE, "ls": "-", "marker": "s"} if last else {"color": INK, "ls": "--", "marker": "o"}
        aside = (measured[-1] / measured[0]) ** (0.006 * (2 * place + 1 - len(lines)))  # so that intervals do not hide
        n_images = [row["images"] * aside for row in rows]
        found = {key: number_format.column(rows, key) for key in ("accuracy", "low", "high")}
        axes.vlines(n_images, found["low"], found["high"], color=style["color"], alpha=0.5, lw=1.6)
        axes.plot(n_images, found["accuracy"], **style, ms=6, lw=1.6, alpha=0.9, label=canvas.shortened(model))
    canvas.logarithmic(axes, measured)
    axes.set(xlabel="training images", ylabel="test accuracy")
    axes.grid(axis="y")
    canvas.legend(figure, axes, len(lines))
    return canvas.text_of(figure, f"Test accuracy by the number of training images of {len(lines)} models")


def _share(axes: canvas.Axes, place: int, row: Mapping, differs: bool) -> None:
    colour = VERMILION if differs else BLUE
    face = "none" if row["small"] else colour
    axes.plot([row["low"], row["high"]], [place, place], color=colour, alpha=0.6, lw=1.8, solid_capstyle="round")
    axes.plot([row["value"]], [place], "s" if differs else "o", color=colour, mfc=face, ms=6.5)
