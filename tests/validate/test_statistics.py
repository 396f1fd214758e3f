"""statistics: a manifest, counted."""

import pytest

from darkroom.dataset.near_duplicates import Pair
from darkroom.validate import statistics
from darkroom.validate.statistics import DataSet

TABLES = (
    statistics.equal_images,
    statistics.classes,
    statistics.overall,
    statistics.low_contrast,
    statistics.near_duplicates,
)


def row(path, label, split, pixels, bad="", **other):
    facts = {"format": "PNG", "width": 9, "height": 9, "colour": 9.0, "contrast": 9.0, "group": ""}
    facts |= {"note": "", "dropped": ""}
    return {"path": path, "label": label, "split": split, "pixels": pixels, "bad": bad, **facts, **other}


@pytest.fixture
def data(config):
    """A data set of some rows and pairs of near duplicates."""
    return lambda rows, pairs=(): DataSet(rows, pairs, config)


@pytest.fixture
def rows():
    return [
        row("a/1", "a", "train", "p"),
        row("a/2", "a", "test", "q"),
        row("a/3", "a", "train", "p"),
        row("b/1", "b", "val", "p"),
        row("c/1", "c", "", "", bad="truncated"),
    ]


def test_classes_count_used_images_and_keep_a_class_of_bad_ones(data, rows):
    counts = [tuple(row.values()) for row in statistics.classes(data(rows))]
    assert counts == [("a", 2, 0, 1, 3), ("b", 0, 1, 0, 1), ("c", 0, 0, 0, 0)]


def test_equal_images_show_the_pair_that_contradicts_itself(data, rows):
    first, second = statistics.equal_images(data(rows))
    assert first == {"pixels": "p", "labels": 2, "splits": 2, "first": "a/1", "second": "b/1"}
    assert (second["labels"], second["splits"]) == (1, 1)


def test_duplicates_are_grouped_by_their_pixels(data, rows):
    assert statistics.duplicates(data(rows)) == [["a/1", "a/3", "b/1"]]


def test_the_overall_row_has_the_fraction_of_bad_images_and_the_imbalance(data, rows):
    (overall,) = statistics.overall(data(rows))
    assert overall["bad_fraction"] == 1 / 5 and overall["reasons"] == "1 of 5: truncated (c/1)"
    assert (overall["imbalance"], overall["largest"], overall["smallest"]) == (3, "a", "c")


def test_near_duplicates_across_classes_and_splits_come_first(data, rows):
    pairs = statistics.near_duplicates(
        data(rows, [Pair(0, 2, 0.1, False), Pair(0, 1, 0.2, False), Pair(1, 3, 0.2, True)])
    )
    assert [(pair["first"], pair["second"], pair["labels"], pair["splits"]) for pair in pairs] == [
        ("a/2", "b/1", 2, 2),
        ("a/1", "a/2", 1, 2),
        ("a/1", "a/3", 1, 1),
    ]
    assert [pair["mirrored"] for pair in pairs] == [True, False, False]


def test_images_of_low_contrast_are_counted_by_class(data):
    rows = [row(f"a/{n}", "a", "train", "p", contrast=float(n)) for n in range(4)] + [row("b/1", "b", "train", "q")]
    assert statistics.low_contrast(data(rows)) == [
        {"class": "a", "low_contrast": 2, "fraction": 0.5, "example": "a/0"},
        {"class": "b", "low_contrast": 0, "fraction": 0.0, "example": ""},
    ]


def test_the_longest_image_and_one_with_a_wrong_extension_are_found(data):
    rows = [
        row("a/1.jpg", "a", "train", "p", width=90),
        row("a/2.png", "a", "train", "q"),
        row("a/3", "a", "train", ""),
    ]
    rows.append(row("a/4.JPEG", "a", "train", "r", format="MPO"))
    (overall,) = statistics.overall(data(rows))
    assert (overall["aspect"], overall["longest"]) == (10, "a/1.jpg")
    assert (overall["wrong_extensions"], overall["wrong_extension"]) == (1, "a/1.jpg")


def test_notes_are_counted_the_most_frequent_first(data):
    notes = ["", "moves", "cut", "moves", ""]
    (overall,) = statistics.overall(data([row(f"a/{n}", "a", "train", "p", note=note) for n, note in enumerate(notes)]))
    assert (overall["noted"], overall["notes"]) == (3, "moves: 2; cut: 1")


@pytest.mark.parametrize("table", TABLES)
def test_every_declared_column_is_there(data, rows, table):
    (first, *_) = table(data(rows, [Pair(0, 1, 0.1, False)]))
    assert list(first) == statistics.columns(table)


def test_bad_images_are_counted_by_reason_whatever_its_numbers(data):
    rows = [row(f"a/{n}", "a", "", "", bad=f"{n} x 3, below 8 pixels") for n in range(5)]
    rows += [row("b/1", "b", "", "", bad="empty file"), row("b/2", "b", "train", "p")]
    (overall,) = statistics.overall(data(rows))
    assert overall["reasons"] == ("5 of 7: 0 x 3, below 8 pixels (a/0, a/1, a/2, ...); 1 of 7: empty file (b/1)")
