"""A fraction of images with its interval, where a bootstrap would be too coarse: few images, or all of them right.

The score interval of Wilson (1927): it stays within 0 and 1 and holds its level from a handful of images on
(Brown, Cai and DasGupta 2001).
"""

import math
from statistics import NormalDist
from typing import TypedDict

SMALL = 30  # images; a fraction of fewer is marked


class Score(TypedDict):
    """A value and the ends of its interval; None where it cannot be computed."""

    value: float | None
    low: float | None
    high: float | None


def wilson(correct: int, n: int, confidence: float) -> tuple[float, float] | tuple[None, None]:
    """Return the interval of the true fraction when `correct` of `n` images were right; two None when n is 0."""
    if not n:
        return None, None
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    fraction, extra = correct / n, z * z / n
    centre = fraction + extra / 2
    reach = z * math.sqrt(fraction * (1 - fraction) / n + extra / (4 * n))
    low, high = (centre - reach) / (1 + extra), (centre + reach) / (1 + extra)
    return (0.0 if correct == 0 else low), (1.0 if correct == n else high)


def fraction(correct: int, n: int, confidence: float) -> Score:
    """Return `correct / n` with Wilson's interval; all None when n is 0."""
    low, high = wilson(correct, n, confidence)
    return {"value": correct / n if n else None, "low": low, "high": high}
