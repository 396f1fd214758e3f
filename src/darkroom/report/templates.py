"""Jinja environments for HTML and Markdown, in which names that come from strangers are text and nothing else.

No other module imports Jinja.
"""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from darkroom.metrics import metric_table
from darkroom.plots import number_format
from darkroom.runtime.errors import printable

PAGE = Path(__file__).parent / "page"  # templates, style sheet and script


def html(name: str) -> Template:
    """Return a template for HTML: every value is escaped."""
    return _environment(autoescape=True).get_template(name)


def markdown(name: str) -> Template:
    """Return a template for Markdown: every value that is no Markup is escaped."""
    environment = _environment(keep_trailing_newline=True)
    environment.finalize = lambda value: value if isinstance(value, Markup) else escape_markdown(value)
    return environment.get_template(name)


def escape_markdown(text: object) -> str:
    """Put a backslash before every character that Markdown would interpret."""
    return re.sub(r"([\\`*_\[\]<>|&#~])", r"\\\1", printable(text))


def policy(style: str, script: str) -> str:
    """Return the Content-Security-Policy of a page with this style sheet, this script, and nothing from elsewhere."""
    sources = {"default-src": "'none'", "base-uri": "'none'", "form-action": "'none'"}
    sources |= {"style-src": _hash(style), "script-src": _hash(script), "img-src": "data:"}
    return "; ".join(f"{directive} {source}" for directive, source in sources.items())


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _environment(*, autoescape: bool = False, keep_trailing_newline: bool = False) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(PAGE),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=autoescape,
        keep_trailing_newline=keep_trailing_newline,
    )
    environment.filters |= {
        "plain": printable,
        "base64": lambda png: b64encode(png).decode(),
        "number": number_format.number,
        "short": number_format.short,
        "interval_end": number_format.interval_end,
        "with_interval": number_format.with_interval,
        "probability": number_format.probability,
        "setting": number_format.setting,
        "label": metric_table.label,
    }
    environment.tests["measured"] = number_format.measured
    return environment
