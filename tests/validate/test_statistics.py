"""tally: a manifest, counted."""

import pytest

from darkroom.dataset.near_duplicates import Pair
from darkroom.validate import statistics


def row(path, label, split, pixels, bad="", **other):
    facts = {"format": "PNG", "width": 9, "height": 9, "colour": 9.0, "contrast": 9.0, "group": ""}
    facts |= {"note": "", "dropped": ""}
    return {"path": path, "label": label, "split": split, "pixels": pixels, "bad": bad, **facts, **other}


@pytest.fixture
def rows():
    return [
        row("a/1", "a", "train", "p"),
        row("a/2", "a", "test", "q"),
        row("a/3", "a", "train", "p"),
        row("b/1", "b", "val", "p"),
        row("c/1", "c", "", "", bad="truncated"),
    ]


def test_classes_count_good_images_and_keep_a_class_of_bad_ones(rows):
    counts = [tuple(found.values()) for found in statistics.classes(rows)]
    assert counts == [("a", 2, 0, 1, 3), ("b", 0, 1, 0, 1), ("c", 0, 0, 0, 0)]


def test_a_group_shows_the_pair_that_contradicts_itself(rows):
    first, second = statistics.groups(rows)
    assert first == {
        "pixels": "p", "paths": ["a/1", "a/3", "b/1"], "labels": 2, "sides": 2, "first": "a/1", "second": "b/1",
    }  # fmt: skip
    assert (second["labels"], second["sides"]) == (1, 1)


def test_the_whole_has_the_share_of_bad_images_and_the_imbalance(rows):
    (whole,) = statistics.whole(rows)
    assert whole["bad_share"] == 1 / 5 and whole["reasons"] == "1 of 5: truncated (c/1)"
    assert (whole["imbalance"], whole["largest"], whole["smallest"]) == (3, "a", "c")


def test_near_duplicates_across_classes_and_sides_come_first(rows):
    found = statistics.near(rows, [Pair(0, 2, 1.0), Pair(0, 1, 2.0), Pair(1, 3, 3.0)])
    assert [(pair["first"], pair["second"], pair["labels"], pair["sides"]) for pair in found] == [
        ("a/2", "b/1", 2, 2),
        ("a/1", "a/2", 1, 2),
        ("a/1", "a/3", 1, 1),
    ]


def test_flat_images_are_counted_by_class():
    rows = [row(f"a/{n}", "a", "train", "p", contrast=float(n)) for n in range(4)] + [row("b/1", "b", "train", "q")]
    assert statistics.flats(rows, 2.0) == [
        {"class": "a", "flat": 2, "fraction": 0.5, "example": "a/0"},
        {"class": "b", "flat": 0, "fraction": 0.0, "example": ""},
    ]


def test_the_longest_and_the_misnamed_image_are_found():
    rows = [
        row("a/1.jpg", "a", "train", "p", width=90),
        row("a/2.png", "a", "train", "q"),
        row("a/3", "a", "train", ""),
    ]
    rows.append(row("a/4.JPEG", "a", "train", "r", format="MPO"))
    (whole,) = statistics.whole(rows)
    assert (whole["aspect"], whole["widest"], whole["misnamed"], whole["misnomer"]) == (10, "a/1.jpg", 1, "a/1.jpg")


def test_notes_are_counted_the_most_frequent_first():
    notes = ["", "moves", "cut", "moves", ""]
    (whole,) = statistics.whole([row(f"a/{n}", "a", "train", "p", note=note) for n, note in enumerate(notes)])
    assert (whole["noted"], whole["notes"]) == (3, "moves: 2; cut: 1")


@pytest.mark.parametrize(
    ("table", "more"),
    [
        ("groups", ()),
        ("classes", ()),
        ("whole", ()),
        ("flats", (2.0,)),
        ("near", ([Pair(0, 1, 1)],)),
    ],
)
def test_every_declared_column_is_there(rows, table, more):
    (first, *_) = getattr(statistics, table)(rows, *more)
    assert set(statistics.COLUMNS[table]) <= set(first)


def test_bad_images_are_counted_by_reason_whatever_its_numbers():
    rows = [row(f"a/{n}", "a", "", "", bad=f"{n} x 3, a side is below 8 pixels") for n in range(5)]
    rows += [row("b/1", "b", "", "", bad="empty file"), row("b/2", "b", "train", "p")]
    (whole,) = statistics.whole(rows)
    assert whole["reasons"] == (
        "5 of 7: 0 x 3, a side is below 8 pixels (a/0, a/1, a/2, ...); 1 of 7: empty file (b/1)"
    )
