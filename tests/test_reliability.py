"""docs/reliability.md lists every fault once, and the tests that it names exist."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

PAGE = Path("docs/reliability.md")
COUNTS = {
    "A": 40, "F": 19, "I": 30, "D": 8, "P": 15, "K": 32, "C": 30, "T": 17, "X": 27, "R": 19, "G": 15, "S": 39, "CI": 13,
}  # fmt: skip
FAULTS = [f"{group}{number:02}" for group, count in COUNTS.items() for number in range(1, count + 1)]
ITEM = re.compile(r"^- \*\*([A-Z]+\d+)\*\* (.+?) → (.+)$")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


class Fault(NamedTuple):
    """An item of the list: what can go wrong, and what happens then, with the tests that show it."""

    number: str
    what: str
    outcome: str


def faults() -> list[Fault]:
    """The items of the list, each with its continuation lines."""
    items: list[str] = []
    for line in PAGE.read_text().splitlines():
        if re.match(r"- \*\*[A-Z]+\d+\*\*", line):
            items.append(line)
        elif items and line.startswith("  "):
            items[-1] += " " + line.strip()
    return [Fault(*ITEM.fullmatch(item).groups()) for item in items]


@cache
def functions_of(path: str) -> set[str]:
    tree = ast.parse(Path(path).read_text()) if Path(path).exists() else ast.Module([], [])
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_fault_is_listed_once_and_in_order():
    assert [fault.number for fault in faults()] == FAULTS and len(FAULTS) == 304


def test_every_fault_names_existing_tests_or_why_there_are_none():
    reasons = re.compile(r"\*(not tested|not applicable yet): ")
    unproven = [f.number for f in faults() if not TEST.search(f.outcome) and not reasons.search(f.outcome)]
    named = [(fault.number, *test) for fault in faults() for test in TEST.findall(fault.outcome)]
    missing = [(number, path, name) for number, path, name in named if name not in functions_of(path)]
    assert unproven == [] and missing == []
