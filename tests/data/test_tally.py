"""tally: a manifest, counted."""

import pytest

from darkroom.data import tally


def row(path, label, split, pixels, bad=""):
    return {"path": path, "label": label, "split": split, "pixels": pixels, "bad": bad}


@pytest.fixture
def rows():
    return [
        row("a/1", "a", "train", "p"),
        row("a/2", "a", "test", "q"),
        row("a/3", "a", "train", "p"),
        row("b/1", "b", "val", "p"),
        row("c/1", "c", "", "", bad="truncated"),
    ]


def test_classes_count_good_pictures_and_keep_a_class_of_bad_ones(rows):
    counts = [tuple(found.values()) for found in tally.classes(rows)]
    assert counts == [("a", 2, 0, 1, 3), ("b", 0, 1, 0, 1), ("c", 0, 0, 0, 0)]


def test_a_group_shows_the_pair_that_contradicts_itself(rows):
    first, second = tally.groups(rows)
    assert first == {
        "pixels": "p", "paths": ["a/1", "a/3", "b/1"], "labels": 2, "sides": 2, "first": "a/1", "second": "b/1",
    }  # fmt: skip
    assert (second["labels"], second["sides"]) == (1, 1)


def test_the_whole_has_the_share_of_bad_pictures_and_the_imbalance(rows):
    (whole,) = tally.whole(rows)
    assert whole["bad_share"] == 1 / 5 and whole["example"] == "c/1: truncated"
    assert (whole["imbalance"], whole["largest"], whole["smallest"]) == (3, "a", "c")


@pytest.mark.parametrize("table", ["groups", "classes", "whole"])
def test_every_declared_column_is_there(rows, table):
    (first, *_) = getattr(tally, table)(rows)
    assert set(tally.COLUMNS[table]) <= set(first)
