"""Draw a hyperparameter search: its trials in order, which values did well, and parallel coordinates (Inselberg 1985).

Parallel coordinates are one line per trial, through the values of its hyperparameters to its loss. Values are evenly
spaced in their order, whatever their distance, because a search tries a few of each. Trials that share a value run
beside each other within its band, so that none hides another.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from darkroom.plots import canvas, number_format
from darkroom.plots.canvas import BLUE, INK, VERMILION

LOSS = "validation loss"
MIN_GAP = 95  # pixels between vertical axes: their names need them
BAND = 0.45  # of the distance between two values

Rows = Sequence[Mapping[str, str]]  # of trials.csv


@canvas.styled
def trials(rows: Rows, best: int | None, hparams: Sequence[str], width: int = canvas.WIDE) -> str:
    """Validation loss and accuracy of each trial, with the number `best` marked; the tooltip describes the trial."""
    numbers, accuracies = number_format.column(rows, "trial"), number_format.column(rows, "val_accuracy")
    top = next((i for i, number in enumerate(numbers) if number == best), None)
    figure, panels = canvas.panels(width, 2, min_width=300, height=210, legend_height=30)
    for axes, key in zip(panels, ("val_loss", "val_accuracy"), strict=True):
        values = number_format.column(rows, key)
        for row, value, accuracy in zip(rows, values, accuracies, strict=True):
            _dot(axes, row, value, failed=math.isnan(accuracy))
        axes.set(title=f"Validation {key.removeprefix('val_')}", xlabel="trial")
        canvas.log_if_wide(axes, [value for value in values if key == "val_loss" and not math.isnan(value)])
        canvas.whole_numbers(axes)
        axes.grid(axis="y")
        if top is not None:
            canvas.mark(axes, numbers[top], values[top], f"best trial {best}", low=key == "val_accuracy")
    canvas.legend(figure, panels[0], 2)
    which = "" if top is None else f", the best is trial {best}"
    description = f"Validation loss and accuracy of {len(rows)} trials{which}"
    return canvas.to_svg(figure, description, _tooltips(rows, hparams))


@canvas.styled
def values(rows: Rows, hparams: Sequence[str], width: int = canvas.WIDE) -> str:
    """Validation loss by the value of each hyperparameter, with a line at the median of each value."""
    completed = [row for row in rows if not math.isnan(number_format.number(row["val_loss"]))]
    figure, panels = canvas.panels(width, len(hparams), min_width=165, height=170, legend_height=0)
    for axes, hparam in zip(panels, hparams, strict=True):
        losses_by_value = _losses_by_value(completed, hparam)
        for x, losses in enumerate(losses_by_value.values()):
            axes.plot([x] * len(losses), losses, "o", color=INK, alpha=0.4, ms=5)
            axes.plot([x - 0.22, x + 0.22], [median(losses)] * 2, color=BLUE, lw=2.4)
        axes.set_xticks(range(len(losses_by_value)), [canvas.shorten(value) for value in losses_by_value])
        axes.set(title=canvas.shorten(hparam), xlim=(-0.6, len(losses_by_value) - 0.4))
        axes.grid(axis="y")
    figure.supylabel(LOSS, fontsize=canvas.TEXT)
    canvas.log_if_wide(panels[0], number_format.column(completed, "val_loss"))
    return canvas.to_svg(figure, f"Validation loss by the value of {', '.join(hparams)}")


@canvas.styled
def parallel_coordinates(rows: Rows, hparams: Sequence[str], width: int = canvas.WIDE) -> str:
    """One line per trial: the lower its loss, the bluer it is and the further in front.

    The axes are vertical where there is room for them beside each other; otherwise they are stacked.
    """
    vertical = MIN_GAP * len(hparams) <= width - 40
    height = 300 if vertical else 66 * (len(hparams) + 1)
    figure, (axes,) = canvas.panels(width, 1, min_width=width, height=height, legend_height=0)
    values = {hparam: list(_losses_by_value(rows, hparam)) for hparam in hparams}
    losses = sorted(loss for loss in number_format.column(rows, "val_loss") if not math.isnan(loss))
    scale = _scale(losses)
    ranked = sorted(rows, key=_worst_first)
    for position, row in enumerate(ranked):
        rank = (position + 0.5) / len(ranked)
        points = [_in_band(values[hparam], row[hparam], rank) for hparam in hparams]
        loss = number_format.number(row["val_loss"])
        points += [] if math.isnan(loss) else [scale(loss)]
        style = _line_style(rank, failed=math.isnan(loss), best=position == len(ranked) - 1)
        xy = (range(len(points)), points) if vertical else (points, range(len(points)))
        axes.plot(*xy, **style, gid=_part(row), path_effects=canvas.HALO, solid_joinstyle="round")
    for position, hparam in enumerate(hparams):
        ticks = {_in_band(values[hparam], value, 0.5): canvas.shorten(value) for value in values[hparam]}
        _axis(axes, position, hparam, ticks, vertical=vertical)
    ends = {scale(loss): number_format.short(loss) for loss in (*losses[:1], *losses[-1:])}
    _axis(axes, len(hparams), LOSS, ends, vertical=vertical)
    axes.set_axis_off()
    across, along = (-0.15, len(hparams) + 0.6), (-0.02, 1.1)
    axes.set(xlim=across if vertical else (-0.02, 1.06), ylim=along if vertical else (len(hparams) + 0.4, -0.45))
    description = f"{len(rows)} trials as lines through the values of {', '.join(hparams)} to their validation loss"
    return canvas.to_svg(figure, description, _tooltips(rows, hparams))


def _tooltips(rows: Rows, hparams: Sequence[str]) -> dict[str, str]:
    """Return a sentence about each trial, by the gid of its marks."""
    return {_part(row): _sentence(row, hparams) for row in rows}


def _part(row: Mapping) -> str:
    return f"trial-{int(row['trial'])}"


def _sentence(row: Mapping, hparams: Sequence[str]) -> str:
    loss, accuracy = (number_format.number(row[key]) for key in ("val_loss", "val_accuracy"))
    scores = f"loss {number_format.short(loss)}, accuracy {number_format.short(accuracy)}"
    settings = ", ".join(f"{hparam} {row[hparam]}" for hparam in hparams)
    return f"Trial {int(row['trial'])}: {'failed' if math.isnan(loss) else scores}{'; ' * bool(hparams)}{settings}"


def _dot(axes: canvas.Axes, row: Mapping, value: float, *, failed: bool) -> None:
    number = number_format.number(row["trial"])
    style: dict[str, Any] = {"gid": _part(row), "path_effects": canvas.HALO, "label": "failed" if failed else "trial"}
    if failed:
        axes.plot([number], [0.04], "x", color=VERMILION, transform=axes.get_xaxis_transform(), **style)
    else:
        axes.plot([number], [value], "o", color=INK, alpha=0.55, ms=6, mew=0, clip_on=False, **style)


def _losses_by_value(rows: Rows, hparam: str) -> dict[str, list[float]]:
    """Map each value of the hyperparameter, numbers in ascending order, to the losses of its trials."""
    losses: dict[str, list[float]] = {}
    for row in rows:
        losses.setdefault(row[hparam], []).append(number_format.number(row["val_loss"]))
    return {value: losses[value] for value in sorted(losses, key=_numbers_first)}


def _numbers_first(value: str) -> tuple[float, str]:
    try:
        return float(value), ""
    except ValueError:
        return math.inf, value


def _worst_first(row: Mapping) -> tuple[bool, float]:
    """Sort failed trials first, then the others by falling loss."""
    loss = number_format.number(row["val_loss"])
    return not math.isnan(loss), -loss


def _line_style(rank: float, *, failed: bool, best: bool) -> dict[str, Any]:
    if failed:
        return {"color": VERMILION, "alpha": 0.7, "lw": 1.2, "ls": "--"}
    if best:
        return {"color": BLUE, "alpha": 1, "lw": 3}
    return {"color": BLUE, "alpha": 0.12 + 0.68 * rank**2, "lw": 1.4}


def _axis(axes: canvas.Axes, position: int, name: str, ticks: Mapping[float, str], *, vertical: bool) -> None:
    ends = ([position, position], [0, 1])
    axes.plot(*(ends if vertical else ends[::-1]), color=INK, alpha=0.4, lw=1)
    x, y, align = (position, 1.05, {"ha": "center"}) if vertical else (0, position - 0.2, {"va": "bottom"})
    axes.text(x, y, canvas.shorten(name), {"fontweight": "bold", **align})
    offset: dict[str, Any] = {"xytext": (0, -5), "va": "top", "ha": "center"}
    if vertical:
        offset = {"xytext": (5, 0), "va": "center"}
    for value, text in ticks.items():
        axes.annotate(text, (position, value) if vertical else (value, position), textcoords="offset points", **offset)


def _in_band(values: Sequence[str], value: str, rank: float) -> float:
    """Return 0..1 along the axis: within the band of the value, in its middle for a rank of one half."""
    return (values.index(value) + 0.5 + BAND * (rank - 0.5)) / len(values)


def _scale(losses: Sequence[float]) -> Callable[[float], float]:
    """Return a function from a loss to 0..1 along its axis; logarithmic where the ascending `losses` span much."""
    if not losses or losses[0] == losses[-1]:
        return lambda loss: 0.5
    bend = math.log if losses[0] > 0 and losses[-1] > canvas.LOG_RATIO * losses[0] else float
    low, high = bend(losses[0]), bend(losses[-1])
    return lambda loss: (bend(loss) - low) / (high - low)
