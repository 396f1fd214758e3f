"""Write the report: an HTML page, a summary in Markdown for a pull request, and a model card for each model.

The page is one file that needs no network, and no script but for sorting and tooltips. Names that come from strangers
(classes, paths) are escaped by Jinja and isolated from the text around them. A strict Content-Security-Policy names
the only style sheet and the only script by their hashes.
"""

from collections.abc import Collection, Mapping

from markupsafe import Markup

from darkroom import png
from darkroom.metrics import intervals, metric_table
from darkroom.metrics.metric_table import METRICS
from darkroom.packed_data import PackedData
from darkroom.plots import number_format, thumbnail
from darkroom.report import curve_verdict, judged, page_figures, templates
from darkroom.report.context import ReportContext
from darkroom.report.judged import Better
from darkroom.report.records import Registration
from darkroom.report.templates import escape_markdown

MANY = 30  # classes; above it the tables by class start collapsed


def thumbnails(packed: PackedData, paths: Collection[str]) -> dict[str, bytes]:
    """Return small PNGs, by path, of the images that are among `paths`."""
    pngs = {}
    for split in map(packed.split, ("train", "val", "test")):
        for row, path in enumerate(split.paths):
            if path in paths:
                pngs[path] = png.encode(thumbnail.small(split.images[row]))
    return pngs


def page(report: ReportContext, thumbnails: Mapping[str, bytes]) -> str:
    """Return the page as HTML. `thumbnails` are PNGs by path; an image without one is left out."""
    style, script = ((templates.PAGE / f"report.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    return templates.html("report.html.j2").render(
        report=report,
        thumbnails=thumbnails,
        figures=page_figures.draw(report),
        pareto_front=page_figures.pareto_front(report),
        curve_verdict=curve_verdict,
        judged=judged,
        class_metrics=metric_table.shown_by_class(),
        lower_is_better=[name for name, metric in METRICS.items() if not metric.higher_is_better],
        many=MANY,
        few=intervals.SMALL,
        style=Markup(style),
        script=Markup(script),
        policy=templates.policy(style, script),
    )


def summary(report: ReportContext) -> str:
    """Return the short form in Markdown: verdict, scores, champion, data."""
    metrics = list(report.headlines)
    header = ["model", *(metric_table.label(name) for name in metrics), "parameters"]
    lines = [
        f"## {escape_markdown(report.run.dataset)}",
        "",
        f"**{escape_markdown(report.comparison['sentence'])}**",
        "",
        _table_row(header),
        _table_row(["---", *["---:"] * (len(header) - 1)]),
    ]
    for name, facts in report.facts.items():
        scores = [number_format.with_interval(report.metrics[name][metric]) for metric in metrics]
        lines.append(_table_row([escape_markdown(name), *scores, number_format.short(facts["parameters"])]))
    lines += ["", f"{report.comparison['confidence']:.0%} confidence intervals, {_test_images(report)}.", ""]
    lines += [_better_on_test(report, better) for better in judged.better_on_test(report.comparison)]
    lines += [f"- Champion: {_champion(report.registration)}", f"- Test images: {_looks(report)}"]
    lines += [f"- Data: {_data(report)}"]
    lines += [
        f"- Warning: {escape_markdown(name)} has a backbone with random weights." for name in report.random_backbones
    ]
    return "\n".join(lines) + "\n"


def cards(report: ReportContext) -> dict[str, str]:
    """Return the model cards (Mitchell et al. 2019) by file name.

    They lie beside the report and not in the model's folder, because that folder is the output of the stage that
    trained the model: a later stage that wrote into it would make DVC train again.
    """
    return {f"{model}.md": card(report, model) for model in report.ranked}


def card(report: ReportContext, model: str) -> str:
    """Return the model card of `model` in Markdown."""
    return templates.markdown("card.md.j2").render(
        report=report,
        model=model,
        evaluation=report.evaluations[model],
        scores=report.metrics[model],
        cost=report.costs[model],
        rank=next(row for row in report.comparison["ranking"] if row["model"] == model),
        significant_slices=report.significant_slices(model),
        weakest_classes=report.weakest_classes(model),
        judged=judged,
        few=intervals.SMALL,
    )


def _test_images(report: ReportContext) -> str:
    n, clusters = report.comparison["n"], report.comparison["clusters"]
    return f"{n:,} test images" if clusters == n else f"{n:,} test images in {clusters:,} groups"


def _better_on_test(report: ReportContext, better: Better) -> str:
    metric, value = metric_table.label(report.comparison["metric"]).lower(), number_format.short(better.value)
    what = f"{escape_markdown(better.model)} has a higher {metric} on the test images, {value}"
    return f"- {what}; the difference is {'beyond' if better.proven else 'within'} chance."


def _looks(report: ReportContext) -> str:
    looks = report.registration["looks"]
    advice = ", time for new ones" if judged.needs_new_test_images(report.registration) else ""
    return f"they have judged {looks:,} challenger{'' if looks == 1 else 's'}{advice}"


def _champion(registration: Registration) -> str:
    champion, reason = registration["champion"], escape_markdown(registration["reason"])
    if champion is None:
        return f"none. {reason}"
    version = "" if champion["version"] is None else f" version {champion['version']}"
    return f"{escape_markdown(registration['name'])}{version} ({escape_markdown(champion['model'])}). {reason}"


def _data(report: ReportContext) -> str:
    n_images, n_classes = report.validation["images"], len(report.validation["classes"])
    n_failed = len(report.failed_expectations)
    verdict = f"{n_failed} failed expectations, please review" if n_failed else "all expectations met"
    return f"{n_images:,} images in {n_classes:,} classes, {verdict}"


def _table_row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
