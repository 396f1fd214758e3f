"""benchmarks.exports: the committed figures say what the documentation says."""

import json
from pathlib import Path

import pytest
from benchmarks import exports

ROWS = json.loads(exports.OUT.read_text())["models"]


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("form", exports.FORMATS)
def test_a_network_predicts_in_every_format_what_it_does_in_keras_or_is_refused(name, form):
    result = ROWS[name][form]
    assert "predicts otherwise" in result["error"] if "error" in result else result["largest_difference"] <= 1e-5
    assert ROWS[name].get("spread", 1) > 0.01  # its probabilities depend on the image


def test_a_picture_gets_the_same_probabilities_on_every_way_to_ask_for_them():
    measured = {name: row["ways"] for name, row in ROWS.items() if "ways" in row}
    assert len(measured) >= 6 and all(len(ways) == 11 and max(ways.values()) <= 1e-5 for ways in measured.values())


def test_the_documentation_has_these_figures():
    assert exports.table(ROWS) in Path("docs/export.md").read_text()
