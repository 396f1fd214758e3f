"""console: a verdict as people read it."""

from darkroom.validate import console


def expectation(**other):
    usual = {"severity": "error", "success": True, "code": "E_X", "sentence": "all is well", "observed": "5 rows"}
    return {**usual, "follows": "", **other}


def test_what_may_need_action_is_a_line_each_without_what_the_stage_stops_with():
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


def test_where_all_is_well_there_is_no_line():
    assert list(console.lines({"expectations": [expectation()], "notes": []})) == []


def test_the_numbers_are_one_line_without_what_is_none():
    counts = {"cats": {"train": 1500, "val": 12, "test": 0}, "dogs": {"train": 1, "val": 1, "test": 1}}
    verdict = {"counts": counts, "classes": list(counts), "images": 1515, "expectations": [expectation()]}
    sound = {**verdict, "bad": [], "duplicates": [], "unlabelled": []}
    start = "1,515 images of 2 classes (1,501 train, 13 val, 1 test)"
    assert console.totals(sound) == f"{start}, 1 of 1 expectations met"
    assert console.totals({**sound, "bad": ["a"]}) == f"{start}, 1 bad, 1 of 1 expectations met"
