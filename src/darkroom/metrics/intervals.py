"""Wilson's score interval (1927) of a share, from as many images as are independent.

It stays within 0 and 1, touches them only where every image or none was a hit, and holds its level from a handful of
images on (Brown, Cai and DasGupta 2001).
"""

import math
from statistics import NormalDist
from typing import TypedDict

import numpy as np

SMALL = 30  # images; a fraction of fewer is marked


class Score(TypedDict):
    """A value and the ends of its interval; None where it cannot be computed."""

    value: float | None
    low: float | None
    high: float | None


def quantile(confidence: float) -> float:
    """Return z, the reach of a two-sided interval of a standard normal variable: 1.96 for 0.95."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def wilson_ends(values: np.ndarray, sizes: np.ndarray, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the intervals of shares `values` of `sizes` images each, which need not be whole; `(k,)` all.

    NaN where either is NaN or a size is 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        extra = quantile(confidence) ** 2 / sizes
        centre = values + extra / 2
        reach = np.sqrt(extra * (values * (1 - values) + extra / 4))
        low, high = (centre - reach) / (1 + extra), (centre + reach) / (1 + extra)
    exists = sizes > 0
    return np.where(exists & (values == 0), 0.0, low), np.where(exists & (values == 1), 1.0, high)


def wilson(correct: float, n: float, confidence: float) -> tuple[float, float] | tuple[None, None]:
    """Return the interval of the true fraction when `correct` of `n` images were right; two None when n is 0.

    Neither need be whole: images of one cluster count for fewer.
    """
    if not n:
        return None, None
    low, high = wilson_ends(np.array(correct / n), np.array(n), confidence)
    return float(low), float(high)


def fraction(correct: int, n: int, confidence: float) -> Score:
    """Return `correct / n` of independent images with Wilson's interval; all None when n is 0."""
    low, high = wilson(correct, n, confidence)
    return {"value": correct / n if n else None, "low": low, "high": high}


def decimals(value: float | None) -> str:
    """Return three decimals; four, rounded down, where three would make 1 of less; a dash for None."""
    if value is None:
        return "–"
    text = f"{value:.3f}"
    return f"{math.floor(value * 10_000) / 10_000:.4f}" if value < 1 and text == "1.000" else text
