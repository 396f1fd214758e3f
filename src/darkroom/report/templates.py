"""How a page and a card are filled in: what was written by strangers loses its meaning. The one door to Jinja."""

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from darkroom.plots import number_format
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
    made.filters |= {"short": number_format.short, "setting": number_format.setting, "metric": number_format.metric}
    made.filters |= {
        "beside": number_format.beside,
        "chance": number_format.chance,
        "number": number_format.number,
        "plain": printable,
    }
    made.filters["spread"] = number_format.spread
    made.tests["known"] = number_format.known
    return made
