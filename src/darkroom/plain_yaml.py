"""YAML as settings need it: plain values, and no more of them than a person writes.

A few bytes of YAML can stand for millions of values (aliases of aliases) or nest deeper than a parser can follow, so
the events of the parser are counted before anything is made of them.
"""

from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml import YAML, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, Event, NodeEvent

BYTES = 1 << 20
DEPTH = 20  # of mappings and lists in each other
VALUES = 10_000


def load(path: Path) -> object:
    """Mappings, lists and scalars, by DVC's own parser. Raises ValueError that says what is wrong, and where in the
    file if that is known."""
    if path.exists() and not path.is_file():
        raise ValueError("it is not a file")
    if path.stat().st_size > BYTES:
        raise ValueError(f"it has {path.stat().st_size} bytes, more than {BYTES}")
    try:
        text = path.read_text(encoding="utf-8-sig")
        _count(YAML(typ="safe", pure=True).parse(text))
        return YAML(typ="safe").load(text)
    except (YAMLError, UnicodeDecodeError) as fault:
        raise ValueError(_told(fault)) from fault
    except TooMuch as fault:
        raise ValueError(str(fault)) from fault
    except (ValueError, TypeError, ArithmeticError, AttributeError, LookupError) as fault:  # a date that is none, say
        raise ValueError(f"a value in it cannot be read: {str(fault).partition(chr(10))[0][:200]}") from fault


class TooMuch(Exception):
    """More values, or a deeper nesting, than anybody needs."""


def _count(events: Iterator) -> None:
    """Raises TooMuch as soon as the events say so."""
    values = 0
    opened: list[tuple[str | None, int]] = []  # of each open collection its anchor, and how many values were there
    sizes: dict[str, int] = {}  # how many values an anchor stands for
    for event in events:
        if isinstance(event, AliasEvent):
            if event.anchor in (anchor for anchor, _ in opened):
                raise TooMuch(f"{_line(event)}: *{event.anchor} stands in what it stands for")
            values += sizes.get(event.anchor, 1)
        elif isinstance(event, NodeEvent):
            values += 1
        if isinstance(event, CollectionStartEvent):
            opened.append((event.anchor, values))
        elif isinstance(event, CollectionEndEvent):
            anchor, before = opened.pop()
            sizes[anchor] = values - before + 1
        if len(opened) > DEPTH or values > VALUES:
            raise TooMuch(f"{_line(event)}: more than {DEPTH} nested in each other, or {VALUES} values in all")


def _line(event: Event) -> str:
    return f"line {event.start_mark.line + 1}"


def _told(fault: YAMLError | UnicodeDecodeError) -> str:
    mark = getattr(fault, "problem_mark", None)
    problem = getattr(fault, "problem", None) or str(fault).splitlines()[0]
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else problem
