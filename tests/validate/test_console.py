"""console: a verdict as people read it."""

from darkroom.validate import console


def expectation(**other):
    usual = {"severity": "error", "success": True, "code": "E_X", "sentence": "all is well", "observed": "5 rows"}
    return {**usual, "follows": "", **other}


def test_counts_stand_in_columns_notes_and_broken_expectations_below():
    counts = {"cats": {"train": 5, "val": 12, "test": 0}, "a\x1b": {"train": 1, "val": 1, "test": 1}}
    expected = [
        expectation(),
        expectation(success=False, sentence="the stage stops with this one"),
        expectation(success=False, observed="it is not\n"),
        expectation(success=False, code="E_Y", follows="another"),
        expectation(success=False, severity="warning"),
    ]
    assert console.text({"counts": counts, "expectations": expected, "notes": ["b\x1b is small"]}) == (
        "class  train  val  test  total\n"
        "cats       5   12     0     17\n"
        "a\\x1b      1    1     1      3\n"
        "all        6   13     1     20\n"
        "\n"
        "note    b\\x1b is small\n"
        "1 of 5 expectations met\n"
        "BROKEN  E_X: all is well: it is not\\n\n"
        "WARN    E_X: all is well: 5 rows\n"
        "1 more not met (E_Y), as a consequence of these"
    )


def test_many_classes_are_cut_and_counted_in_full():
    counts = {f"{number:03}": {"train": 1, "val": 1, "test": 1} for number in range(100)}
    lines = console.text({"counts": counts, "expectations": [], "notes": []}).splitlines()
    assert (
        len(lines) < 30 and "... and 80 more" in lines[21] and lines[22].split() == ["all", "100", "100", "100", "300"]
    )
