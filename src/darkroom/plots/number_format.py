"""Format numbers for readers: only meaningful digits, and words where there is no number."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from darkroom.metrics import intervals

NOT_MEASURED = "– not measured"


def number(value: Any) -> float:
    """Return a cell of a CSV or JSON file as a float; NaN where it is empty or null."""
    return math.nan if value in ("", None) else float(value)


def column(rows: Sequence[Mapping], key: str) -> list[float]:
    return [number(row[key]) for row in rows]


def measured(value: float | None) -> TypeGuard[float]:
    """Return whether there is a number: neither None nor NaN."""
    return value is not None and value == value  # NaN is not itself


def short(value: float | None) -> str:
    """1,797 for an integer; 0.974 for a fraction; two significant digits below 0.01."""
    if not measured(value):
        return NOT_MEASURED
    if isinstance(value, int):
        return f"{value:,}"
    return _decimals(value) if value == 0 or abs(value) >= 0.01 else _with_minus(f"{value:.2g}")


def interval_end(value: float, centre: float | None) -> str:
    """Format an end of an interval with as many decimals as `short` gives its `centre`."""
    return _decimals(value) if measured(centre) and abs(centre) >= 0.01 else short(value)


def with_interval(score: Mapping) -> str:
    """0.974 (0.956 to 0.988) for `{value, low, high}`; the value alone where an end is missing."""
    value, low, high = (score[key] for key in ("value", "low", "high"))
    if not (measured(low) and measured(high)):
        return short(value)
    return f"{short(value)} ({interval_end(low, value)} to {interval_end(high, value)})"


def probability(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def setting(value: object) -> str:
    """Return a value of params.yaml as it is written there."""
    if value is None:
        return "– none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _decimals(value: float) -> str:
    return _with_minus(intervals.decimals(value))


def _with_minus(text: str) -> str:
    """Write a true minus sign, and none before zero."""
    return "0.000" if text == "-0.000" else text.replace("-", "\N{MINUS SIGN}") if text[0] == "-" else text
