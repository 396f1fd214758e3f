"""All figures of the page. To add one: write a function that draws it, name it here, and show it in a template."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from markupsafe import Markup

from darkroom.metrics import metric_table
from darkroom.plots import canvas, figures
from darkroom.report import accuracy_figures, pareto, search_figures
from darkroom.report.context import ReportContext


class Drawing(NamedTuple):
    """`draw(*data, width)` returns SVG text; it is called when there is something to draw."""

    name: str  # in the templates: figures.NAME
    draw: Callable[..., str]
    data: tuple
    drawable: bool = True


def draw(report: ReportContext) -> dict[str, Markup]:
    """Return the figures by name. Names in them were escaped by the XML writer, so templates insert them as they are.

    All but the confusion matrix are drawn for a desktop and for a phone; the style sheet shows one of the two.
    """
    drawings = [drawing for drawing in _drawings(report) if drawing.drawable]
    responsive = {drawing.name: _for_both_widths(drawing) for drawing in drawings}
    return {"confusion": Markup(figures.confusion(report.confusion_matrix, report.classes))} | responsive


def _drawings(report: ReportContext) -> Iterator[Drawing]:
    leading, metric = report.leading, metric_table.label(report.comparison["metric"])
    points, areas = leading.roc_curves, {row["label"]: row["roc_auc"] for row in leading.per_class}
    bins = leading.calibration["bins"], leading.calibration["bins_after"]
    sliced = leading.slices, report.metrics[report.leader]["accuracy"]["value"], report.significance_level
    latencies = models_with_latency(report), pareto_front(report), metric
    trials, best, tuned = report.trials, report.best["trial"], report.tuned

    yield Drawing("class_counts", figures.class_counts, (report.validation["counts"],))
    yield Drawing("trials", search_figures.trials, (trials, best, report.hparams), bool(trials))
    yield Drawing("values", search_figures.values, (trials, tuned), bool(tuned))
    yield Drawing("parallel_coordinates", search_figures.parallel_coordinates, (trials, tuned), len(tuned) > 1)
    yield Drawing("ranking", figures.ranking, (report.comparison["ranking"], metric))
    yield Drawing("latency", accuracy_figures.latency, latencies, len(report.ranked) > 1)
    for name in report.ranked:
        yield Drawing(f"history {name}", figures.training_curves, (report.evaluations[name].history,))
    curves = report.learning_curves
    yield Drawing("learning_curves", accuracy_figures.learning_curves, (curves,), bool(curves))
    yield Drawing("slices", accuracy_figures.slices, sliced, bool(leading.slices))
    yield Drawing("roc_curves", figures.roc_and_precision_recall, (points, areas), bool(points))
    yield Drawing("reliability", figures.reliability, bins)


def models_with_latency(report: ReportContext) -> list[dict]:
    """Return the rows of the ranking, each with the median latency_ms of its model."""
    costs = report.costs
    return [{**row, "latency_ms": costs[row["model"]]["latency_ms"]["value"]} for row in report.comparison["ranking"]]


def pareto_front(report: ReportContext) -> list[str]:
    """Return the models that no other model beats in both score and latency."""
    return pareto.front(models_with_latency(report), "value", "latency_ms")


def _for_both_widths(drawing: Drawing) -> Markup:
    widths = {"wide": canvas.WIDE, "narrow": canvas.NARROW}
    parts = [f'<div class="{name}">{drawing.draw(*drawing.data, width)}</div>' for name, width in widths.items()]
    return Markup("".join(parts))
