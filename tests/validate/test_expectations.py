"""expectations: a list that anybody can read."""

import pytest

from darkroom.validate import expectations, statistics
from darkroom.validate.expectations import Context


def listed(config, given_splits=()):
    return expectations.expectations(Context(config, given_splits))


def test_names_are_unique_and_every_column_exists(config):
    expected = listed(config)
    assert len({expectation.name for expectation in expected}) == len(expected)
    for expectation in expected:
        columns = statistics.columns(expectation.table)
        assert expectation.test[1].get("column", columns[0]) in columns
        expectation.offender.format(**dict.fromkeys(columns, 1))


@pytest.mark.parametrize(
    "hparam", ["min_per_class", "max_imbalance", "max_bad_fraction", "min_size", "max_low_contrast_fraction"]
)
def test_every_limit_of_the_section_is_named_by_the_fault_it_causes(config, hparam):
    assert any(f"validate.{hparam}" in expectation.fix for expectation in listed(config))


def fixes(config, given_splits):
    return {expectation.name: expectation.fix for expectation in listed(config, given_splits)}


@pytest.mark.parametrize("split", ["val", "test"])
def test_no_fraction_is_recommended_where_a_class_lacks_a_split(config, split):
    """A given split is not drawn, so the fraction does nothing; a drawn one lacks a class only for want of images."""
    for given_splits in ((), ("train", "val", "test")):
        fix = fixes(config, given_splits)[f"every class in {split}"]
        assert "add images of the class" in fix and f"validate.{split}" not in fix
        assert (f"{split} split of the archive" in fix) == bool(given_splits)


def test_what_may_be_dropped_names_the_param_that_does_it(config):
    fix = fixes(config, ())
    for name in ("one split per image", "one split per group", "near duplicates in one split"):
        assert "validate.leaks to drop_from_train or split_again" in fix[name]
    assert "validate.conflicts to drop" in fix["one class per image"]


def test_a_cause_comes_before_what_follows_from_it(config):
    names = [expectation.name for expectation in listed(config)]
    for expectation in listed(config):
        assert all(names.index(cause) < names.index(expectation.name) for cause in expectation.follows)
