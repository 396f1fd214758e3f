"""Every param with its default, what it takes and what it means, as params.py and presets/defaults.yaml say."""

import json
from collections.abc import Iterator, Mapping
from functools import reduce
from operator import getitem
from pathlib import Path
from typing import Any

from darkroom import plain_yaml
from darkroom.commands import schema
from tools.reference.tables import table

DEFAULTS = Path("presets/defaults.yaml")

HEAD = """# Every param

Generated from the code by `python -m tools.reference`. These are the keys of `params.yaml`, with the value that each
has in `presets/defaults.yaml`. A mistake is one line and exit code 2, before anything runs; editors that know JSON
schemas complete and check the file. After a change, `dvc repro` runs the stages that read the value, and what depends
on them. [Which preset for which data](../presets.md) says which values to start from.
"""


def page() -> str:
    sections = schema.schema(DEFAULTS.read_text(encoding="utf-8"))["properties"]
    defaults = plain_yaml.load(DEFAULTS)
    tables = (f"## {name}\n\n{_intro(node)}{_table(node, name, defaults)}\n" for name, node in sections.items())
    return "\n".join([HEAD, *tables])


def _intro(node: Mapping[str, Any]) -> str:
    """The comment of a whole section, if it has one."""
    text = node.get("description", "") if "properties" in node else ""
    return f"{text[0].upper()}{text[1:]}.\n\n" if text else ""


def _table(node: Mapping[str, Any], name: str, defaults: Mapping[str, Any]) -> str:
    rows = (
        (f"`{key}`", f"`{_written(_value(defaults, key))}`", _taken(leaf), leaf.get("description", ""))
        for key, leaf in _leaves(node, name)
    )
    return table(("param", "default", "takes", "meaning"), rows)


def _value(values: Mapping[str, Any], key: str) -> object:
    """The value of a dotted key."""
    return reduce(getitem, key.split("."), values)


def _leaves(node: Mapping[str, Any], name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if "properties" not in node or name == "tune.space":
        yield name, node
        return
    for key, value in node["properties"].items():
        yield from _leaves(value, f"{name}.{key}")


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _taken(node: Mapping[str, Any]) -> str:
    """What a value may be: its choices, or its type and range."""
    if "anyOf" in node:
        return " or ".join(map(_taken, node["anyOf"]))
    if "enum" in node or "const" in node:
        return ", ".join(f"`{_written(value)}`" for value in node.get("enum", [node.get("const")]))
    items = f", each: {_taken(node['items'])}" if isinstance(node.get("items"), Mapping) else ""
    return f"{TYPES[node['type']]}{items}{_range(node)}"


def _range(node: Mapping[str, Any]) -> str:
    bounds = [f"{words} {node[key]:,}" for key, words in BOUNDS.items() if key in node]
    return f", {', '.join(bounds)}" if bounds else ""


TYPES = {
    "integer": "whole number",
    "number": "number",
    "boolean": "true, false",
    "string": "text",
    "array": "list",
    "object": "lists of values, one for each hyperparameter",
    "null": "null",
}
BOUNDS = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below"}
