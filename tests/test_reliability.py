"""docs/reliability.md lists every fault once, and the tests that it names exist."""

import ast
import re
from functools import cache
from pathlib import Path

PAGE = Path("docs/reliability.md")
COUNTS = {
    "A": 36, "F": 16, "I": 26, "D": 6, "P": 14, "K": 20, "C": 8, "T": 12, "X": 12, "R": 14, "G": 10, "S": 19, "CI": 10,
}  # fmt: skip
FAULTS = [f"{group}{number:02}" for group, count in COUNTS.items() for number in range(1, count + 1)]
CELL = re.compile(r"(?<!\\)\|")
TEST = re.compile(r"(tests/[\w/]+\.py)::(\w+)")


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text().splitlines() if re.match(r"\| [A-Z]+\d+ \|", line)]
    return [[cell.strip() for cell in CELL.split(line)[1:-1]] for line in lines]


@cache
def functions_of(path: str) -> set[str]:
    tree = ast.parse(Path(path).read_text()) if Path(path).exists() else ast.Module([], [])
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_fault_is_listed_once_and_in_order():
    assert [row[0] for row in rows()] == FAULTS and len(FAULTS) == 203


def test_every_row_is_filled_in():
    assert [row for row in rows() if len(row) != 4 or not all(row)] == []


def test_every_row_names_existing_tests_or_why_there_are_none():
    reasons = ("not tested: ", "not applicable yet: ")
    unproven = [row[0] for row in rows() if not TEST.search(row[3]) and not row[3].startswith(reasons)]
    named = [(row[0], *test) for row in rows() for test in TEST.findall(row[3])]
    missing = [(row, path, name) for row, path, name in named if name not in functions_of(path)]
    assert unproven == [] and missing == []
