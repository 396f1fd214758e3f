"""expectations.of: a list that anybody can read."""

import pytest

from darkroom.data import expectations, tally


def test_names_are_unique_and_every_column_exists(how):
    expected = expectations.of(how)
    assert len({each.name for each in expected}) == len(expected)
    for each in expected:
        assert each.test[1].get("column", "path") in tally.COLUMNS[each.table] or each.table == "whole"
        each.offender.format(**dict.fromkeys(tally.COLUMNS[each.table], 1))


@pytest.mark.parametrize("knob", ["min_per_class", "max_imbalance", "max_bad_share", "min_side", "max_flat_share"])
def test_every_limit_of_the_section_is_named_by_the_fault_it_causes(how, knob):
    assert any(f"validate.{knob}" in each.fix for each in expectations.of(how))
