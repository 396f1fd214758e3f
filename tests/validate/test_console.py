"""console: a verdict as people read it."""

from darkroom.validate import console


def expectation(**other):
    usual = {"severity": "error", "success": True, "code": "E_X", "sentence": "all is well", "observed": "5 rows"}
    return {**usual, "follows": "", **other}


def test_notes_and_broken_expectations_get_a_line_each():
    expected = [
        expectation(),
        expectation(success=False, sentence="the stage stops with this one"),
        expectation(success=False, observed="it is not\n"),
        expectation(success=False, code="E_Y", follows="another"),
        expectation(success=False, severity="warning"),
    ]
    assert list(console.lines({"expectations": expected, "notes": ["b\x1b is small"]})) == [
        "note: b\\x1b is small",
        "BROKEN  E_X: all is well: it is not\\n",
        "WARN    E_X: all is well: 5 rows",
        "1 more not met (E_Y), as a consequence of these",
    ]


def test_the_result_leaves_out_what_there_is_none_of():
    counts = {"cats": {"train": 1100, "val": 1, "test": 1}, "dogs": {"train": 1, "val": 1, "test": 1}}
    verdict = {"images": 1105, "classes": ["cats", "dogs"], "counts": counts, "expectations": [expectation()]}
    verdict |= {"bad": [], "duplicates": [], "unlabelled": ["a", "b"]}
    assert console.totals(verdict) == (
        "1,105 images of 2 classes (1,101 train, 2 val, 2 test), 2 without a label, 1 of 1 expectations met"
    )
