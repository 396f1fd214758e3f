"""Figures of a search: how the trials went one after the other, and which values did well."""

import math
from collections.abc import Mapping, Sequence
from statistics import median

from darkroom.plots import canvas, number_format
from darkroom.plots.canvas import BLUE, INK, VERMILION


@canvas.styled
def by_number(trials: Sequence[Mapping], best: int | None, hparams: Sequence[str], width: int = canvas.WIDE) -> str:
    """Validation loss and accuracy of each row of trials.csv, that numbered `best` marked; a dot says its trial."""
    numbers, accuracies = number_format.column(trials, "trial"), number_format.column(trials, "val_accuracy")
    top = next((i for i, number in enumerate(numbers) if number == best), None)
    figure, panels = canvas.panels(width, 2, least=300, height=210, above=30)
    for axes, key in zip(panels, ("val_loss", "val_accuracy"), strict=True):
        found = number_format.column(trials, key)
        for row, number, value, accuracy in zip(trials, numbers, found, accuracies, strict=True):
            _dot(axes, row, number, value, failed=math.isnan(accuracy))
        axes.set(title=f"Validation {key.removeprefix('val_')}", xlabel="trial")
        canvas.widen(axes, [value for value in found if key == "val_loss" and not math.isnan(value)])
        canvas.whole_numbers(axes)
        axes.grid(axis="y")
        if top is not None:
            canvas.mark(axes, numbers[top], found[top], f"best trial {best}", low=key == "val_accuracy")
    canvas.legend(figure, panels[0], 2)
    told = "" if top is None else f", the best is trial {best}"
    description = f"Validation loss and accuracy of {len(trials)} trials{told}"
    return canvas.text_of(figure, description, telling(trials, hparams))


@canvas.styled
def by_value(trials: Sequence[Mapping], names: Sequence[str], width: int = canvas.WIDE) -> str:
    """Which values did well: validation loss by the value of each hyperparameter, a line at the median."""
    done = [row for row in trials if not math.isnan(number_format.number(row["val_loss"]))]
    figure, panels = canvas.panels(width, len(names), least=165, height=170, above=0)
    for axes, name in zip(panels, names, strict=True):
        for place, (_, losses) in enumerate(_grouped(done, name)):
            axes.plot([place] * len(losses), losses, "o", color=INK, alpha=0.4, ms=5)
            axes.plot([place - 0.22, place + 0.22], [median(losses)] * 2, color=BLUE, lw=2.4)
        values = [canvas.shortened(value) for value, _ in _grouped(done, name)]
        axes.set_xticks(range(len(values)), values)
        axes.set(title=canvas.shortened(name), xlim=(-0.6, len(values) - 0.4))
        axes.grid(axis="y")
    figure.supylabel("validation loss", fontsize=canvas.TEXT)
    canvas.widen(panels[0], number_format.column(done, "val_loss"))
    return canvas.text_of(figure, f"Validation loss by the value of {', '.join(names)}")


def telling(trials: Sequence[Mapping], hparams: Sequence[str]) -> dict[str, str]:
    """A sentence on each trial, by the gid of what is drawn of it."""
    return {part(row): _sentence(row, hparams) for row in trials}


def part(row: Mapping) -> str:
    return f"trial-{int(row['trial'])}"


def values(trials: Sequence[Mapping], hparam: str) -> list[str]:
    """The values of the hyperparameter that were tried, numbers in their order."""
    return [value for value, _ in _grouped(trials, hparam)]


def _sentence(row: Mapping, hparams: Sequence[str]) -> str:
    loss, accuracy = (number_format.number(row[key]) for key in ("val_loss", "val_accuracy"))
    ended = f"loss {number_format.short(loss)}, accuracy {number_format.short(accuracy)}"
    settings = ", ".join(f"{hparam} {row[hparam]}" for hparam in hparams)
    return f"Trial {int(row['trial'])}: {'failed' if math.isnan(loss) else ended}{'; ' * bool(hparams)}{settings}"


def _dot(axes: canvas.Axes, row: Mapping, number: float, value: float, *, failed: bool) -> None:
    seen = axes.get_legend_handles_labels()[1]
    label = "failed" if failed else "trial"
    style = {"label": f"_{label}" if label in seen else label, "gid": part(row), "path_effects": canvas.HALO}
    if failed:
        axes.plot([number], [0.04], "x", color=VERMILION, transform=axes.get_xaxis_transform(), **style)
    else:
        axes.plot([number], [value], "o", color=INK, alpha=0.55, ms=6, mew=0, clip_on=False, **style)


def _grouped(trials: Sequence[Mapping], hparam: str) -> list[tuple[str, list[float]]]:
    """Each value of the hyperparameter, numbers in their order, with the losses of its trials."""
    found: dict[str, list[float]] = {}
    for row in trials:
        found.setdefault(str(row[hparam]), []).append(number_format.number(row["val_loss"]))
    return sorted(found.items(), key=lambda item: _in_order(item[0]))


def _in_order(value: str) -> tuple[float, str]:
    try:
        return float(value), ""
    except ValueError:
        return math.inf, value
