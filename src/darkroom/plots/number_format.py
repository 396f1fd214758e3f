"""How a number is written: as many digits as it deserves, and a word where there is none."""

import math
from collections.abc import Mapping, Sequence

ABBREVIATED = {"roc_auc": "ROC AUC", "ece": "ECE"}
NOTHING = "– not measured"


def number(value: object) -> float:
    """A cell of a CSV or JSON file; what is empty or null there is NaN."""
    return math.nan if value in ("", None) else float(value)  # type: ignore[arg-type]


def column(rows: Sequence[Mapping], key: str) -> list[float]:
    return [number(row[key]) for row in rows]


def known(value: object) -> bool:
    return value is not None and value == value  # NaN is not itself


def short(value: float | None) -> str:
    """1,797 for a whole number; 0.974 for a fraction; two digits that count below 0.01."""
    if not known(value):
        return NOTHING
    if isinstance(value, int):
        return f"{value:,}"
    return _decimals(value) if value == 0 or abs(value) >= 0.01 else _signed(f"{value:.2g}")


def beside(value: float, centre: float | None) -> str:
    """An end of an interval, to as many decimals as its `centre` has in `short`."""
    return _decimals(value) if known(centre) and abs(centre) >= 0.01 else short(value)


def spread(score: Mapping) -> str:
    """0.974 (0.956 to 0.988) for `{value, low, high}`; without the ends when one is not known."""
    value, low, high = (score[key] for key in ("value", "low", "high"))
    if not (known(low) and known(high)):
        return short(value)
    return f"{short(value)} ({beside(low, value)} to {beside(high, value)})"


def chance(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def setting(value: object) -> str:
    """A value of params.yaml as it stands there."""
    if value is None:
        return "– none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def metric(name: str) -> str:
    """accuracy -> Accuracy, f1_macro -> F1 macro, roc_auc -> ROC AUC."""
    words = name.replace("_", " ")
    return ABBREVIATED.get(name, words[:1].upper() + words[1:])


def _decimals(value: float) -> str:
    """Three decimals, more where they would round what is not perfect to 1.000."""
    text = f"{value:.3f}"
    return f"{value:.5f}" if value < 1 and text == "1.000" else _signed(text)


def _signed(text: str) -> str:
    """With a true minus sign, and none before zero."""
    return "0.000" if text == "-0.000" else text.replace("-", "\N{MINUS SIGN}") if text[0] == "-" else text
