"""The records of other stages, as far as the report shows them: each key is one that the stage writes."""

import pytest

from darkroom.curve import points
from darkroom.networks import tuned
from darkroom.register import registration
from darkroom.report import records


@pytest.mark.parametrize(
    ("shown", "written"),
    [
        (records.Best, tuned.Tuned),
        (records.CurvePoint, points.Point),
        (records.Registration, registration.Registration),
        (records.Champion, registration.Champion),
    ],
)
def test_every_key_that_the_report_shows_is_written(shown, written):
    assert set(shown.__annotations__) <= set(written.__annotations__)
