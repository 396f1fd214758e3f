"""How a page and a card are filled in: what was written by strangers loses its meaning. The one door to Jinja."""

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from darkroom.plots import wording
from darkroom.runtime.errors import printable

PAGE = Path(__file__).parent / "page"  # templates, style sheet and script
SETTINGS = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}


def page() -> Environment:
    """For HTML: every value is escaped."""
    return _with_words(Environment(loader=FileSystemLoader(PAGE), autoescape=True, **SETTINGS))


def card() -> Environment:
    """For Markdown: every value that is no Markup is escaped."""
    return _with_words(
        Environment(loader=FileSystemLoader(PAGE), finalize=_inert, keep_trailing_newline=True, **SETTINGS)
    )


def escaped(text: object) -> str:
    """Markdown's own signs lose their meaning."""
    return re.sub(r"([\\`*_\[\]<>|&#~])", r"\\\1", printable(text))


def _inert(value: object) -> object:
    return value if isinstance(value, Markup) else escaped(value)


def _with_words(made: Environment) -> Environment:
    made.filters |= {"short": wording.short, "setting": wording.setting, "metric": wording.metric}
    made.filters |= {"beside": wording.beside, "chance": wording.chance, "number": wording.number, "plain": printable}
    made.filters["spread"] = wording.spread
    made.tests["known"] = wording.known
    return made
