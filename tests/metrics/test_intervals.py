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
