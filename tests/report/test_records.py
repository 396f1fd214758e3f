"""The records of other stages, as far as the report shows them: each key is one that the stage writes.

The report imports no code of those stages, or an edit of theirs would run it again: so it names the keys itself.
"""

import pytest

from darkroom.curve import points
from darkroom.networks import tuned
from darkroom.register import registration
from darkroom.report import context, curve_verdict


@pytest.mark.parametrize(
    ("shown", "written"),
    [
        (context.Best, tuned.Tuned),
        (curve_verdict.CurvePoint, points.Point),
        (context.Registration, registration.Registration),
        (context.Champion, registration.Champion),
    ],
)
def test_every_key_that_the_report_shows_is_written(shown, written):
    assert set(shown.__annotations__) <= set(written.__annotations__)
