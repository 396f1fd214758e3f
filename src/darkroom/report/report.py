"""The report: one HTML file that needs no network and no script, and a short form for a pull request.

Every number in it is one of the files beside it; nothing is computed but counts. What was written by strangers
(names of classes, paths) is escaped by Jinja and isolated from the text around it. A strict
Content-Security-Policy names the one style sheet and the one script by their hashes.
"""

from base64 import b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256

from markupsafe import Markup

from darkroom.metrics import intervals
from darkroom.plots import canvas, cost, figures, number_format, probability_figures
from darkroom.report import curve_verdict, parallel, search_figures, slice_figures, templates
from darkroom.report.context import Findings

LARGE = 30  # classes; above it the tables by class start folded


def render(
    found: Findings, *, about: Mapping[str, object], thumbnails: Mapping[str, bytes], explained: Mapping[str, bytes]
) -> str:
    """The page. `about` has dataset, seed and data (the digest of the packed images).

    `images` are PNGs by their path, `explained` those of evaluate by their file name; what is not there is left out.
    """
    style, script = ((templates.PAGE / f"report.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    return templates.page().get_template("report.html.j2").render(
        found=found,
        about=about,
        style=Markup(style),
        script=Markup(script),
        policy=_policy(style, script),
        figures=_figures(found),
        wrong=len(found.mistakes),
        front=_front(found),
        thumbnails={path: b64encode(png).decode() for path, png in thumbnails.items()},
        explained={name: b64encode(png).decode() for name, png in explained.items()},
        growth=curve_verdict,
        large=LARGE,
        few=intervals.SMALL,
    )  # fmt: skip


def summary(found: Findings, *, about: Mapping[str, object]) -> str:
    """The short form, in Markdown: verdict, models, champion, data."""
    metrics = list(found.headlines)
    heads = ["model", *(number_format.metric(name) for name in metrics), "parameters"]
    lines = [
        f"## {templates.escaped(about['dataset'])}",
        "",
        f"**{templates.escaped(found.comparison['sentence'])}**",
        "",
    ]
    lines += [_line(heads), _line(["---", *["---:"] * (len(heads) - 1)])]
    for name in found.ranked:
        scores = [number_format.spread(found.metrics[name][metric]) for metric in metrics]
        lines.append(_line([templates.escaped(name), *scores, number_format.short(found.facts[name]["parameters"])]))
    lines += ["", f"Intervals at {found.comparison['confidence']:.0%}, n = {found.comparison['n']:,}.", ""]
    lines += [f"- Champion: {_champion(found.registration)}", f"- Data: {_data(found)}"]
    lines += [f"- Warning: the backbone of {templates.escaped(name)} has random weights." for name in found.untrained]
    return "\n".join(lines) + "\n"


def _figures(found: Findings) -> dict[str, Markup]:
    """Ours, and escaped by the XML writer: the only markup that the template takes as it is.

    But for the matrix each is drawn twice, for a desk and for a phone; the style sheet shows one of them.
    """
    metric = number_format.metric(found.comparison["metric"])
    drawn = {
        "classes": _both(figures.classes, found.validation["counts"]),
        "intervals": _both(figures.intervals, found.comparison["ranking"], metric),
        "confusion": figures.confusion(found.matrix, found.classes),
        **{f"curves {name}": _both(figures.curves, found.curves[name]) for name in found.ranked},
    }
    if found.ranking.get(found.leader):
        areas = {row["label"]: row["roc_auc"] for row in found.per_class[found.leader]}
        drawn["ranking"] = _both(probability_figures.curves, found.ranking[found.leader], areas)
    honest = found.calibrations[found.leader]
    drawn["reliability"] = _both(probability_figures.reliability, honest["bins"], honest["bins_after"])
    if found.sliced:
        overall = found.metrics[found.leader]["accuracy"]["value"]
        drawn["slices"] = _both(slice_figures.slices, found.sliced, overall, 1 - found.comparison["confidence"])
    if len(found.ranked) > 1:
        drawn["price"] = _both(slice_figures.price, _priced(found), _front(found), metric)
    if found.learned:
        drawn["learning"] = _both(slice_figures.learning, found.learned)
    return {name: Markup(text) for name, text in {**drawn, **_search(found)}.items()}


def _search(found: Findings) -> dict[str, str]:
    drawn = {}
    if found.trials:
        drawn["search"] = _both(search_figures.by_number, found.trials, found.best["trial"], found.hparams)
    if found.turned:
        drawn["hyperparameters"] = _both(search_figures.by_value, found.trials, found.turned)
    if len(found.turned) > 1:
        drawn["parallel"] = _both(parallel.lines, found.trials, found.turned)
    return drawn


def _priced(found: Findings) -> list[dict]:
    """Of each model the metric of the comparison and its price, for the figure and for the front."""
    return [
        {**row, "latency_ms": found.costs[row["model"]]["latency_ms"]["value"]} for row in found.comparison["ranking"]
    ]


def _front(found: Findings) -> list[str]:
    return cost.front(_priced(found), "value", "latency_ms")


def _both(draw: Callable[..., str], *what: object) -> str:
    sizes = {"wide": canvas.WIDE, "narrow": canvas.NARROW}
    return "".join(f'<div class="{name}">{draw(*what, width)}</div>' for name, width in sizes.items())


def _policy(style: str, script: str) -> str:
    allowed = {"style-src": _hash(style), "script-src": _hash(script), "img-src": "data:"}
    closed = ("default-src", "base-uri", "form-action")
    return "; ".join(f"{what} {source}" for what, source in [*((c, "'none'") for c in closed), *allowed.items()])


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _champion(registration: Mapping) -> str:
    reigning, reason = registration["champion"], templates.escaped(registration["reason"])
    if not reigning:
        return f"none. {reason}"
    version = "" if reigning["version"] is None else f" version {reigning['version']}"
    return f"{templates.escaped(registration['name'])}{version} ({templates.escaped(reigning['model'])}). {reason}"


def _data(found: Findings) -> str:
    n_images, unmet = found.validation["images"], found.unmet
    verdict = f"{len(unmet)} expectations not met, have a look" if unmet else "every expectation met"
    return f"{n_images:,} images of {len(found.validation['classes']):,} classes, {verdict}"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
