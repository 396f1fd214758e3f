"""YAML as settings need it: plain values, and no more of them than a person writes.

A few bytes of YAML can stand for millions of values (aliases of aliases) or nest deeper than a parser can follow, so
the events of the parser are counted before anything is built from them.
"""

from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML, YAMLError
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, Event, NodeEvent
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.representer import RoundTripRepresenter

BYTES = 1 << 20
DEPTH = 20  # of nested mappings and lists
VALUES = 10_000


def load(path: Path) -> object:
    """Return the mappings, lists and scalars of a file. Raises ValueError as `parse` does."""
    if path.exists() and not path.is_file():
        raise ValueError("it is not a file")
    if path.stat().st_size > BYTES:
        raise ValueError(f"it has {path.stat().st_size} bytes, more than {BYTES}")
    try:
        return parse(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as fault:
        raise ValueError(str(fault)) from fault


def parse(text: str) -> object:
    """Return mappings, lists and scalars, read by DVC's own parser. Raises ValueError that says what is wrong, and
    where if that is known."""
    try:
        _check_size(YAML(typ="safe", pure=True).parse(text))
        return YAML(typ="safe").load(text)
    except YAMLError as fault:
        raise ValueError(_format_error(fault)) from fault
    except TooMuch as fault:
        raise ValueError(str(fault)) from fault
    except (ValueError, TypeError, ArithmeticError, AttributeError, LookupError) as fault:  # such as an invalid date
        raise ValueError(f"a value in it cannot be read: {str(fault).partition(chr(10))[0][:200]}") from fault


def parse_long(text: str) -> object:
    """As `parse`, without its limits and in a hundredth of the time: for dvc.lock, which a program wrote."""
    import yaml  # PyYAML, of which this is the only use; its parser is in C

    try:
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as fault:
        raise ValueError(_format_error(fault)) from fault


def parse_with_comments(text: str) -> CommentedMap:
    """Return a mapping that `text_of` writes as it was, comments and blank lines included; for files of ours."""
    return _round_trip().load(text)


def text_of(document: CommentedMap) -> str:
    """Return the text of what `parse_with_comments` returned, with its values as they are now."""
    text = StringIO()
    _round_trip().dump(document, text)
    return text.getvalue()


def with_flow_lists(value: object) -> object:
    """Return `value` with its lists marked to be written on one line, `[1, 2]`."""
    if isinstance(value, Mapping):
        return {key: with_flow_lists(inner) for key, inner in value.items()}
    if not isinstance(value, list):
        return value
    flow_list = CommentedSeq(value)
    flow_list.fa.set_flow_style()
    return flow_list


class TooMuch(Exception):
    """More values, or a deeper nesting, than a file of settings needs."""


def _check_size(events: Iterator[Event]) -> None:
    """Raise TooMuch as soon as the events exceed a limit."""
    values = 0
    opened: list[tuple[str | None, int]] = []  # per open collection: its anchor, and the count of values before it
    sizes: dict[str | None, int] = {}  # how many values an anchor stands for
    for event in events:
        if isinstance(event, AliasEvent):
            if event.anchor in (anchor for anchor, _ in opened):
                raise TooMuch(f"{_line(event)}: *{event.anchor} contains itself")
            values += sizes.get(event.anchor, 1)
        elif isinstance(event, NodeEvent):
            values += 1
        if isinstance(event, CollectionStartEvent):
            opened.append((event.anchor, values))
        elif isinstance(event, CollectionEndEvent):
            anchor, before = opened.pop()
            sizes[anchor] = values - before + 1
        if len(opened) > DEPTH:
            raise TooMuch(f"{_line(event)}: nested more than {DEPTH} deep")
        if values > VALUES:
            raise TooMuch(f"{_line(event)}: more than {VALUES} values")


def _line(event: Event) -> str:
    return f"line {event.start_mark.line + 1}"


def _format_error(fault: Exception) -> str:
    mark = getattr(fault, "problem_mark", None)
    problem = getattr(fault, "problem", None) or str(fault).splitlines()[0]
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else problem


def _round_trip() -> YAML:
    yaml = YAML()
    yaml.width = 1 << 16  # no line is wrapped
    yaml.representer.add_representer(type(None), _null)
    return yaml


def _null(representer: RoundTripRepresenter, value: None) -> ScalarNode:
    """Write null as `null`: the default, nothing at all, looks like a value that was forgotten."""
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")
