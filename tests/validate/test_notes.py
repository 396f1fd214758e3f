"""notes: what was done with a data set that its owner may not expect."""

from darkroom.dataset.layout import Layout
from darkroom.dataset.listing import Listing
from darkroom.dataset.split import Helped
from darkroom.validate import notes


def listing(rows=(), **other):
    usual = {"pairs": [], "given_splits": frozenset(), "helped": [], "overlaps": [], "is_split_again": False}
    return Listing(list(rows), **{**usual, **other})


def test_nothing_unexpected_is_no_note():
    assert notes.sentences(listing([{"path": "a/1", "bad": ""}]), Layout((), (), ())) == []


def test_the_notes_of_the_layout_come_first():
    layout = Layout((), (), (), ("one table of two is read",))
    assert notes.sentences(listing(is_split_again=True), layout)[0] == "one table of two is read"


def test_bad_images_are_counted_with_the_first_names():
    (note,) = notes.sentences(listing([{"path": f"a/{n}", "bad": "truncated"} for n in range(10)]), Layout((), (), ()))
    assert note == "left out: 10 bad images, listed in reports/quarantine.csv: a/0, a/1, a/2 and 7 more"


def test_small_classes_that_were_helped_are_named():
    helped = [Helped(label, "test", 2) for label in "abcdefg"]
    (note,) = notes.sentences(listing(helped=helped), Layout((), (), ()))
    assert "splits of 7 small classes" in note and note.endswith("2 of class e to test and 2 more")


def test_a_split_that_is_ignored_is_noted():
    (note,) = notes.sentences(listing(is_split_again=True), Layout((), (), ()))
    assert "ignored and drawn again" in note
