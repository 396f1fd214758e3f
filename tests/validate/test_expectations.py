"""expectations.of: a list that anybody can read."""

import pytest

from darkroom.validate import expectations, statistics


def test_names_are_unique_and_every_column_exists(config):
    expected = expectations.of(config)
    assert len({each.name for each in expected}) == len(expected)
    for each in expected:
        assert each.test[1].get("column", "path") in statistics.COLUMNS[each.table]
        each.offender.format(**dict.fromkeys(statistics.COLUMNS[each.table], 1))


@pytest.mark.parametrize(
    "hparam", ["min_per_class", "max_imbalance", "max_bad_fraction", "min_size", "max_low_contrast_fraction"]
)
def test_every_limit_of_the_section_is_named_by_the_fault_it_causes(config, hparam):
    assert any(f"validate.{hparam}" in each.fix for each in expectations.of(config))


def fixes(config, given):
    return {each.name: each.fix for each in expectations.of(config, given)}


@pytest.mark.parametrize("side", ["val", "test"])
def test_no_fraction_is_recommended_where_a_class_lacks_a_side(config, side):
    """A given side is not drawn, so the fraction does nothing; a drawn one lacks a class only for want of images."""
    for given in ((), ("train", "val", "test")):
        fix = fixes(config, given)[f"every class in {side}"]
        assert "add images of the class" in fix and f"validate.{side}" not in fix
        assert (f"{side} side of the archive" in fix) == bool(given)


def test_what_may_be_dropped_names_the_param_that_does_it(config):
    fix = fixes(config, ())
    for name in ("one side an image", "one side a group", "near duplicates on one side"):
        assert "validate.leaks to drop_from_train or split_again" in fix[name]
    assert "validate.conflicts to drop" in fix["one class an image"]


def test_a_cause_comes_before_what_follows_from_it(config):
    names = [each.name for each in expectations.of(config)]
    for each in expectations.of(config):
        assert all(names.index(cause) < names.index(each.name) for cause in each.follows)
