"""Figures of a search: every trial is in them and has a tooltip, and the best lies in front."""

import re
from xml.etree import ElementTree

import pytest

from darkroom.plots import svg
from darkroom.plots.canvas import BLUE, NARROW, VERMILION, WIDE
from darkroom.report import search_figures

HYPERPARAMETERS = ["filters", "head"]


def trials(losses, **more):
    return [
        {"trial": str(t), "val_loss": "" if loss is None else repr(loss),
         "val_accuracy": "" if loss is None else repr(1 - loss), "filters": str(16 << t % 3), "head": "flatten", **more}
        for t, loss in enumerate(losses)
    ]  # fmt: skip


LOSSES = [0.5, 0.25, None, 0.125, 0.75]
FIGURES = {
    "by_number": lambda rows, width: search_figures.trials(rows, 3, HYPERPARAMETERS, width),
    "parallel": lambda rows, width: search_figures.parallel_coordinates(rows, HYPERPARAMETERS, width),
}


def parts(figure):
    """Each group that has a tooltip: its part, the tooltip and the element, in drawing order."""
    elements = [e for e in ElementTree.fromstring(figure).iter() if e.get("class") == "part"]
    return [(e.get("data-part"), e.find(f"{{{svg.SVG}}}title").text, e) for e in elements]


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("name", FIGURES)
def test_the_tooltip_of_a_trial_has_its_values_its_loss_and_its_accuracy(name, width):
    tooltips = {part: text for part, text, _ in parts(FIGURES[name](trials(LOSSES), width))}
    assert tooltips == {
        "trial-0": "Trial 0: loss 0.500, accuracy 0.500; filters 16, head flatten",
        "trial-1": "Trial 1: loss 0.250, accuracy 0.750; filters 32, head flatten",
        "trial-2": "Trial 2: failed; filters 64, head flatten",
        "trial-3": "Trial 3: loss 0.125, accuracy 0.875; filters 16, head flatten",
        "trial-4": "Trial 4: loss 0.750, accuracy 0.250; filters 32, head flatten",
    }


@pytest.mark.parametrize("name", FIGURES)
def test_hostile_values_are_text_in_a_tooltip(name):
    figure = FIGURES[name](trials(LOSSES, head="</title><script>x</script>"), WIDE)
    assert "<script" not in figure and "head </title><script>" in parts(figure)[0][1]


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_lines_are_drawn_from_worst_to_best_and_failed_ones_first(width):
    drawn_parts = parts(search_figures.parallel_coordinates(trials(LOSSES), HYPERPARAMETERS, width))
    assert [part for part, _, _ in drawn_parts] == ["trial-2", "trial-4", "trial-0", "trial-1", "trial-3"]
    strokes = [e[-1] for _, _, e in drawn_parts]
    assert [path.get("stroke") for path in strokes] == [VERMILION] + [BLUE] * 4
    shown = [float(path.get("stroke-opacity", 1)) for path in strokes[1:]]
    assert shown == sorted(shown) and shown[-1] == 1


def test_trials_of_equal_values_do_not_hide_each_other():
    drawn_parts = parts(
        search_figures.parallel_coordinates(trials([0.1, 0.2, 0.3, 0.4], filters="16"), HYPERPARAMETERS)
    )
    assert len({e[-1].get("d") for _, _, e in drawn_parts}) == 4


def test_a_better_loss_ends_lower():
    drawn_parts = parts(search_figures.parallel_coordinates(trials(LOSSES), HYPERPARAMETERS, WIDE))[1:]
    heights = [float(re.findall(r"[\d.]+", e[-1].get("d"))[-1]) for _, _, e in drawn_parts]
    assert heights == sorted(heights)  # in an SVG the larger y is the lower


@pytest.mark.parametrize("losses", [[None, None], [0.5, 0.5], [0.0, 1.0], [1e-9, 1e9]])
def test_every_loss_can_be_drawn(losses):
    figure = search_figures.parallel_coordinates(trials(losses), HYPERPARAMETERS)
    assert len(parts(figure)) == 2 and "nan" not in figure
