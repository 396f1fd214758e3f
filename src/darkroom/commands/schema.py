"""A JSON schema of params.yaml, with which an editor completes keys, explains them and marks mistakes.

Types and ranges are those of `params.Params`; the descriptions are the comments of `presets/defaults.yaml`, where the
units are. No key is required, because a preset holds only what differs; `params.check` requires them all. What one
value demands of another is left to `params.check` too.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from darkroom.params import Model, Params

DRAFT = "http://json-schema.org/draft-07/schema#"  # that of the YAML extension; what is used of it is in later ones too
LINE = re.compile(r"( *)(\w+):[^#]*(?:# (.*))?")  # of a YAML file without texts that span lines
INDENT = 2  # spaces


def schema(defaults: str) -> dict[str, object]:
    """Return the schema; `defaults` is the text of `defaults.yaml`."""
    raw = Params.model_json_schema()
    sections = _plain(raw, raw["$defs"], dict(comments(defaults)), "")
    return {"$schema": DRAFT, "title": "params.yaml of darkroom", **sections}


def comments(text: str) -> Iterator[tuple[str, str]]:
    """Yield the dotted name of each commented key with its comment."""
    path: list[str] = []
    for line in text.splitlines():
        if match := LINE.fullmatch(line):
            indent, key, comment = match.groups()
            path[len(indent) // INDENT :] = [key]
            if comment:
                yield ".".join(path), comment


def _plain(node: Mapping, definitions: Mapping, descriptions: Mapping[str, str], name: str) -> dict[str, Any]:
    """Return `node` with its references resolved, each key described, and no titles that only repeat the keys."""
    if "$ref" in node:
        return _plain(definitions[node["$ref"].rpartition("/")[2]], definitions, descriptions, name)
    plain = {key: value for key, value in node.items() if key not in ("title", "description", "required", "$defs")}
    if name in descriptions:
        plain["description"] = descriptions[name]
    if "properties" in node:
        inner = {key: f"{name}.{key}".strip(".") for key in node["properties"]}
        plain["properties"] = {
            key: _plain(value, definitions, descriptions, inner[key]) for key, value in node["properties"].items()
        }
    if name == "tune.space":
        plain |= _search_space(descriptions)
    return plain


def _search_space(descriptions: Mapping[str, str]) -> dict[str, object]:
    """Return what `tune.space` may hold: for each hyperparameter of the model a list of its values."""
    model = Model.model_json_schema()
    described = {key.removeprefix("model."): text for key, text in descriptions.items() if key.startswith("model.")}
    values = _plain(model, {}, described, "")["properties"]
    lists = {key: {"type": "array", "minItems": 1, "items": value} for key, value in values.items()}
    return {"properties": lists, "additionalProperties": False}
