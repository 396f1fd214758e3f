"""Parallel coordinates (Inselberg 1985) of a search: one line per trial, through its hyperparameters to its loss.

Values stand evenly spaced in their order, whatever their distance, because a search tries a few of each. Trials
that share a value run beside each other within its band, so that none hides another.
"""

import math
from collections.abc import Callable, Mapping, Sequence

from darkroom.plots import canvas, number_format
from darkroom.plots.canvas import BLUE, INK, VERMILION
from darkroom.report import search_figures

LOSS = "validation loss"
APART = 95  # pixels between upright axes, at least: the names need them
BAND = 0.45  # of the space between two values


@canvas.styled
def lines(rows: Sequence[Mapping], hparams: Sequence[str], width: int = canvas.WIDE) -> str:
    """The rows of trials.csv by their `hparams`: the bluer and the further in front, the lower the loss.

    The axes stand upright where there is room for them beside each other, else they lie below each other.
    """
    upright = APART * len(hparams) <= width - 40
    figure, (axes,) = canvas.panels(width, 1, least=width, height=300 if upright else 66 * (len(hparams) + 1), above=0)
    known = {hparam: search_figures.values(rows, hparam) for hparam in hparams}
    losses = {row["trial"]: number_format.number(row["val_loss"]) for row in rows}
    ranked = sorted(rows, key=lambda row: (not math.isnan(losses[row["trial"]]), -losses[row["trial"]]))
    scale = _scale([loss for loss in losses.values() if not math.isnan(loss)])
    for place, row in enumerate(ranked):
        rank = (place + 0.5) / len(ranked)
        points = [_within(known[hparam], str(row[hparam]), rank) for hparam in hparams]
        _line(axes, row, points, scale(losses[row["trial"]]), rank, last=place == len(ranked) - 1, upright=upright)
    for place, hparam in enumerate(hparams):
        ticks = {_within(known[hparam], value, 0.5): canvas.shortened(value) for value in known[hparam]}
        _axis(axes, place, hparam, ticks, upright=upright)
    ends = sorted(loss for loss in losses.values() if not math.isnan(loss))
    _axis(
        axes,
        len(hparams),
        LOSS,
        {scale(end): number_format.short(end) for end in (*ends[:1], *ends[-1:])},
        upright=upright,
    )
    axes.set_axis_off()
    across, along = (-0.15, len(hparams) + 0.6), (-0.02, 1.1)
    axes.set(xlim=across if upright else (-0.02, 1.06), ylim=along if upright else (len(hparams) + 0.4, -0.45))
    description = f"{len(rows)} trials as lines through the values of {', '.join(hparams)} to their validation loss"
    return canvas.text_of(figure, description, search_figures.telling(rows, hparams))


def _line(
    axes: canvas.Axes, row: Mapping, points: list[float], end: float, rank: float, *, last: bool, upright: bool
) -> None:
    style = {"color": BLUE, "alpha": 0.12 + 0.68 * rank**2, "lw": 1.4}
    if math.isnan(end):
        style = {"color": VERMILION, "alpha": 0.7, "lw": 1.2, "ls": "--"}
    elif last:
        style = {"color": BLUE, "alpha": 1, "lw": 3}
    along = [*points, *([] if math.isnan(end) else [end])]
    places = (range(len(along)), along) if upright else (along, range(len(along)))
    axes.plot(*places, **style, gid=search_figures.part(row), path_effects=canvas.HALO, solid_joinstyle="round")


def _axis(axes: canvas.Axes, place: int, name: str, ticks: Mapping[float, str], *, upright: bool) -> None:
    ends = ([place, place], [0, 1])
    axes.plot(*(ends if upright else ends[::-1]), color=INK, alpha=0.4, lw=1)
    at, config = ((place, 1.05), {"ha": "center"}) if upright else ((0, place - 0.2), {"va": "bottom"})
    axes.text(*at, canvas.shortened(name), fontweight="bold", **config)
    for value, text in ticks.items():
        offset = {"xytext": (5, 0), "va": "center"} if upright else {"xytext": (0, -5), "va": "top", "ha": "center"}
        axes.annotate(text, (place, value) if upright else (value, place), textcoords="offset points", **offset)


def _within(values: Sequence[str], value: str, rank: float) -> float:
    """0..1 along the axis: the middle of the value's band for a rank of one half."""
    return (values.index(value) + 0.5 + BAND * (rank - 0.5)) / len(values)


def _scale(losses: Sequence[float]) -> Callable[[float], float]:
    """From a loss to 0..1 along its axis, logarithmic where they span much; NaN stays NaN."""
    if not losses or min(losses) == max(losses):
        return lambda loss: 0.5 + 0 * loss
    bend = math.log if min(losses) > 0 and max(losses) > canvas.SPAN * min(losses) else float
    low, high = bend(min(losses)), bend(max(losses))
    return lambda loss: loss if math.isnan(loss) else (bend(loss) - low) / (high - low)
