"""The fixtures of these tests."""

import pytest
from tests.fixtures.browser import *

from darkroom.plots import canvas


@pytest.fixture
def undrawn(monkeypatch):
    """For tests of words: most of the time of a report goes into its figures, which have tests of their own."""
    monkeypatch.setattr(canvas, "to_svg", lambda figure, description, tooltips=None: "<svg></svg>")
