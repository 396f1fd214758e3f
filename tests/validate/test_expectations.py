"""expectations.of: a list that anybody can read."""

import pytest

from darkroom.validate import expectations, statistics


def test_names_are_unique_and_every_column_exists(how):
    expected = expectations.of(how)
    assert len({each.name for each in expected}) == len(expected)
    for each in expected:
        assert each.test[1].get("column", "path") in statistics.COLUMNS[each.table]
        each.offender.format(**dict.fromkeys(statistics.COLUMNS[each.table], 1))


@pytest.mark.parametrize(
    "knob", ["min_per_class", "max_imbalance", "max_bad_fraction", "min_size", "max_low_contrast_fraction"]
)
def test_every_limit_of_the_section_is_named_by_the_fault_it_causes(how, knob):
    assert any(f"validate.{knob}" in each.fix for each in expectations.of(how))


def fixes(how, given):
    return {each.name: each.fix for each in expectations.of(how, given)}


@pytest.mark.parametrize("side", ["val", "test"])
def test_no_fraction_is_recommended_where_a_class_lacks_a_side(how, side):
    """A given side is not drawn, so the fraction does nothing; a drawn one lacks a class only for want of pictures."""
    for given in ((), ("train", "val", "test")):
        fix = fixes(how, given)[f"every class in {side}"]
        assert "add pictures of the class" in fix and f"validate.{side}" not in fix
        assert (f"{side} side of the archive" in fix) == bool(given)


def test_what_may_be_dropped_names_the_param_that_does_it(how):
    fix = fixes(how, ())
    for name in ("one side a picture", "one side a group", "near duplicates on one side"):
        assert "validate.leaks to drop_from_train or split_again" in fix[name]
    assert "validate.conflicts to drop" in fix["one class a picture"]


def test_a_cause_comes_before_what_follows_from_it(how):
    names = [each.name for each in expectations.of(how)]
    for each in expectations.of(how):
        assert all(names.index(cause) < names.index(each.name) for cause in each.follows)
