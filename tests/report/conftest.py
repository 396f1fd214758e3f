"""The fixtures of these tests."""

import pytest
from markupsafe import Markup
from tests.fixtures.browser import *

from darkroom.report import page_figures


@pytest.fixture
def undrawn(monkeypatch):
    """For tests of words: most of the time of a report goes into its figures, which have tests of their own."""

    def draw(report):
        names = [drawing.name for drawing in page_figures._drawings(report) if drawing.drawable]
        return dict.fromkeys(["confusion", *names], Markup("<svg></svg>"))

    monkeypatch.setattr(page_figures, "draw", draw)
