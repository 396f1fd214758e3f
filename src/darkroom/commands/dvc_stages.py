"""The stages of dvc.yaml with their templates filled in, as far as darkroom's own dvc.yaml uses templates."""

import re
from collections.abc import Iterator, Mapping
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

from darkroom import plain_yaml

TEMPLATE = re.compile(r"\$\{([\w.]+)\}")
COMMAND = re.compile(r"-m pipeline\.(.+)")
KINDS_OF_OUTS = "outs", "metrics", "plots"


class Stage(NamedTuple):
    """A stage; one of a matrix is named as DVC names it, `transfer@NAME`."""

    name: str
    desc: str
    cmd: str
    deps: list[str]
    params: list[str]
    outs: list[str]

    @property
    def command(self) -> str:
        """The script and its arguments, such as `transfer NAME`; the whole command where no script of ours runs."""
        found = COMMAND.search(self.cmd)
        return found[1] if found else self.cmd


def read(file: Path, params: Mapping[str, Any]) -> list[Stage]:
    """Return the stages in the order of dvc.yaml. Raises ValueError where it is damaged, OSError without it."""
    document = plain_yaml.load(file)
    try:
        assert isinstance(document, dict)
        variables = {name: value for part in document.get("vars", []) for name, value in part.items()}
        values = {**params, **variables}
        return [stage for name, spec in document["stages"].items() for stage in _stages(name, spec, values)]
    except (AssertionError, AttributeError, KeyError, TypeError) as fault:
        raise ValueError(f"{type(fault).__name__}: {fault}") from fault


def plan(stages: list[Stage]) -> dict[str, str]:
    """What each stage does, by its command, for `runtime.stage`."""
    return {stage.command: stage.desc for stage in stages}


def lookup(values: Mapping[str, Any], name: str) -> Any:
    """Return a value by its dotted name. Raises KeyError or TypeError where there is none."""
    return reduce(lambda inner, key: inner[key], name.split("."), values)


def _stages(name: str, spec: dict, values: Mapping[str, Any]) -> Iterator[Stage]:
    if "matrix" not in spec:
        yield _stage(name, spec, values)
        return
    ((axis, template),) = spec["matrix"].items()  # ours have one axis
    for item in lookup(values, template[2:-1]) if isinstance(template, str) else template:
        yield _stage(f"{name}@{item}", spec, {**values, "item": {axis: item}})


def _stage(name: str, spec: dict, values: Mapping[str, Any]) -> Stage:
    def filled(text: str) -> str:
        return TEMPLATE.sub(lambda match: str(lookup(values, match[1])), text)

    def paths(kind: str) -> list[str]:
        return [filled(path if isinstance(path, str) else next(iter(path))) for path in spec.get(kind, [])]

    outs = [path for kind in KINDS_OF_OUTS for path in paths(kind)]
    return Stage(name, spec.get("desc", ""), filled(spec["cmd"]), paths("deps"), paths("params"), outs)
