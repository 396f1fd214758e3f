"""metrics.intervals: Wilson's interval."""

import pytest
from scipy.stats import binomtest

from darkroom.metrics import intervals


@pytest.mark.parametrize(("correct", "n"), [(0, 5), (5, 5), (3, 10), (90, 100), (1999, 2000)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_the_interval_is_that_of_scipy(correct, n, confidence):
    wanted = binomtest(correct, n).proportion_ci(confidence, method="wilson")
    assert intervals.wilson(correct, n, confidence) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


def test_no_image_gives_no_fraction():
    assert intervals.fraction(0, 0, 0.95) == {"value": None, "low": None, "high": None}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.9995, "0.9995"),
        (0.99949, "0.999"),
        (0.999996, "0.9999"),
        (0.99959, "0.9995"),
        (1.0, "1.000"),
        (1.0004, "1.000"),
        (0.5, "0.500"),
    ],
)
def test_an_end_below_one_is_never_printed_as_one(value, text):
    assert intervals.decimals(value) == text
