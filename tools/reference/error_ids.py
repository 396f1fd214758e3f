"""The ids of errors (`E_...`) that the code raises, and the exit codes that each ends with."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from darkroom.runtime import errors

FOLDERS = Path("src/darkroom"), Path("pipeline")
ID = re.compile(r"E_[A-Z]+(?:_[A-Z]+)*")
CLASSES = {kind.__name__: kind for kind in [errors.DarkroomError, *errors.DarkroomError.__subclasses__()]}


def exit_codes() -> dict[str, set[int]]:
    """Return the exit codes of each id.

    An id that is not handed to a class of errors is that of a fault of the data: those are collected first and raised
    together, as one DataError.
    """
    found: dict[str, set[int]] = defaultdict(set)
    for folder in FOLDERS:
        for path in folder.rglob("*.py"):
            for name, code in _raised(ast.parse(path.read_text(encoding="utf-8"))):
                found[name].add(code)
    return {name: found[name] or {errors.DataError.exit_code} for name in sorted(found)}


def _raised(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        kind = CLASSES.get(getattr(call.func, "id", ""), errors.DataError)
        for value in [*call.args, *(keyword.value for keyword in call.keywords)]:
            if isinstance(value, ast.Constant) and ID.fullmatch(str(value.value)):
                yield value.value, kind.exit_code
