"""The report: one HTML file that needs no network and no script, and a short form for a pull request.

Every number in it is one of the files beside it; nothing is computed but counts. What was written by strangers
(names of classes, paths) is escaped by Jinja and isolated from the text around it. A strict
Content-Security-Policy names the one style sheet and the one script by their hashes. The one door to Jinja.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from darkroom.errors import printable
from darkroom.judging import canvas, figures, trials, wording
from darkroom.judging.findings import Findings

PAGE = Path(__file__).parent / "page"  # templates, style sheet and script
LARGE = 30  # classes; above it the tables by class start folded


def render(found: Findings, *, about: Mapping[str, object], pictures: Mapping[int, bytes]) -> str:
    """The page. `about` has dataset, seed and data (the digest of the pictures, or None).

    `pictures` are PNGs by their row of the test arrays; a mistake whose picture is not there goes without.
    """
    style, script = ((PAGE / f"report.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    return _environment().get_template("report.html.j2").render(
        found=found,
        about=about,
        style=Markup(style),
        script=Markup(script),
        policy=_policy(style, script),
        figures=_figures(found),
        wrong=len(found.mistakes),
        pictures={row: b64encode(png).decode() for row, png in pictures.items()},
        large=LARGE,
    )  # fmt: skip


def summary(found: Findings, *, about: Mapping[str, object]) -> str:
    """The short form, in Markdown: verdict, models, champion, data."""
    metrics = list(found.headlines)
    heads = ["model", *(wording.metric(name) for name in metrics), "parameters"]
    lines = [f"## {_escaped(about['dataset'])}", "", f"**{_escaped(found.comparison['sentence'])}**", ""]
    lines += [_line(heads), _line(["---", *["---:"] * (len(heads) - 1)])]
    for name in found.ranked:
        scores = [wording.spread(found.metrics[name][metric]) for metric in metrics]
        lines.append(_line([_escaped(name), *scores, wording.short(found.facts[name]["parameters"])]))
    lines += ["", f"Intervals at {found.comparison['confidence']:.0%}, n = {found.comparison['n']:,}.", ""]
    lines += [f"- Champion: {_champion(found.registration)}", f"- Data: {_data(found)}"]
    lines += [f"- Warning: the backbone of {_escaped(name)} has random weights." for name in found.untrained]
    return "\n".join(lines) + "\n"


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(PAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= {"short": wording.short, "setting": wording.setting, "metric": wording.metric}
    made.filters |= {"beside": wording.beside, "chance": wording.chance, "number": wording.number, "plain": printable}
    made.tests["known"] = wording.known
    return made


def _figures(found: Findings) -> dict[str, Markup]:
    """Ours, and escaped by the XML writer: the only markup that the template takes as it is.

    But for the matrix each is drawn twice, for a desk and for a phone; the style sheet shows one of them.
    """
    metric = wording.metric(found.comparison["metric"])
    drawn = {
        "classes": _both(figures.classes, found.validation["counts"]),
        "intervals": _both(figures.intervals, found.comparison["ranking"], metric),
        "confusion": figures.confusion(found.matrix, found.classes),
        **{f"curves {name}": _both(figures.curves, found.curves[name]) for name in found.ranked},
    }
    if found.trials:
        drawn["search"] = _both(trials.by_number, found.trials, found.best["trial"])
    if found.turned:
        drawn["knobs"] = _both(trials.by_value, found.trials, found.turned)
    return {name: Markup(text) for name, text in drawn.items()}


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
    reigning, reason = registration["champion"], _escaped(registration["reason"])
    if not reigning:
        return f"none. {reason}"
    version = "" if reigning["version"] is None else f" version {reigning['version']}"
    return f"{_escaped(registration['name'])}{version} ({_escaped(reigning['model'])}). {reason}"


def _data(found: Findings) -> str:
    pictures, broken = found.validation["pictures"], found.broken
    verdict = f"{len(broken)} expectations broken" if broken else "every expectation met"
    return f"{pictures:,} pictures of {len(found.validation['classes']):,} classes, {verdict}"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: object) -> str:
    """Markdown's own signs lose their meaning."""
    return re.sub(r"([\\`*_\[\]<>|&#~])", r"\\\1", printable(text))
