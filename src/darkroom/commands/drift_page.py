"""The page of a comparison: one HTML file that needs no network and no script."""

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from darkroom import png
from darkroom.commands import drift_text
from darkroom.commands.drift_images import NewImages
from darkroom.commands.drift_text import Facts
from darkroom.drift.comparison import Comparison
from darkroom.report import templates


class Picture(NamedTuple):
    name: str
    score: float
    png: bytes


def pictures(found: Comparison, new: NewImages) -> list[Picture]:
    """The images farthest away, the farthest first; none where only a log was read."""
    if not new.thumbnails:
        return []
    return [Picture(new.names[i], found.scores[i], png.encode(new.thumbnails[i])) for i in drift_text.farthest(found)]


def page(facts: Facts, pictures: Sequence[Picture]) -> str:
    """Return the page as HTML. Its style is that of the report."""
    style = (templates.PAGE / "report.css").read_text(encoding="utf-8")
    return templates.html("drift.html.j2").render(
        facts=facts,
        accuracy=drift_text.accuracy_words(facts),
        pictures=pictures,
        style=Markup(style),
        policy=templates.policy(style, ""),
    )
