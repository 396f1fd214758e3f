"""notes: what an owner may not expect, said."""

from darkroom.dataset.layout import Layout
from darkroom.dataset.manifest import Listing
from darkroom.validate import notes


def listing(rows=(), **other):
    usual = {"twins": [], "given": frozenset(), "filled": [], "overlaps": [], "again": False}
    return Listing(list(rows), **{**usual, **other})


def test_nothing_odd_is_no_note():
    assert notes.of(listing([{"path": "a/1", "bad": ""}]), Layout((), (), ())) == []


def test_what_the_layout_has_to_say_comes_first():
    assert (
        notes.of(listing(again=True), Layout((), (), (), ("one table of two is read",)))[0]
        == "one table of two is read"
    )


def test_bad_images_are_counted_with_the_first_names():
    (note,) = notes.of(listing([{"path": f"a/{n}", "bad": "truncated"} for n in range(10)]), Layout((), (), ()))
    assert note == "set aside: 10 bad images, listed in reports/quarantine.csv: a/0, a/1, a/2 and 7 more"


def test_small_classes_that_were_helped_are_named():
    filled = [{"class": label, "side": "test", "images": 2} for label in "abcdefg"]
    (note,) = notes.of(listing(filled=filled), Layout((), (), ()))
    assert "sides of 7 small classes" in note and note.endswith("2 of class e to test and 2 more")


def test_a_split_that_is_ignored_is_said():
    (note,) = notes.of(listing(again=True), Layout((), (), ()))
    assert "ignored and drawn again" in note
