"""Size, time and accuracy of models and of their exports, below each other."""

from collections.abc import Sequence
from typing import NamedTuple


class Row(NamedTuple):
    name: str
    bytes: int
    ms: float  # per image, one at a time
    accuracy: float | None  # of the test images; None: not known
    note: str = ""


def table(rows: Sequence[Row]) -> str:
    """Return the rows below a head, in columns."""
    width = max(len(row.name) for row in rows)
    return "\n".join([f"{'':{width}}  {'MB':>8}  {'ms an image':>11}  accuracy", *(_line(row, width) for row in rows)])


def _line(row: Row, width: int) -> str:
    shown = "unknown" if row.accuracy is None else f"{row.accuracy:.3f}"
    return f"{row.name:{width}}  {row.bytes / 1e6:8.3f}  {row.ms:11.3f}  {shown:>8}  {row.note}".rstrip()
