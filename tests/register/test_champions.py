"""The history has a row for each change of the champion, and knows who was champion before."""

import pytest

from darkroom.register import champions
from darkroom.runtime.errors import ArtifactError


def row(digest: str, by: str = "gate", **values) -> champions.Row:
    score = {"metric": "accuracy", "value": 0.9, "low": 0.8, "high": None, "n": 50}
    reason = "=HYPERLINK(1), with a comma"
    named = {"when": "2026-11-27T00:00:00+00:00", "version": 1, "model": "cnn", "digest": digest, "by": by}
    return {**named, **score, "reason": reason, **values}


def history(tmp_path, *rows):
    path = tmp_path / "champions.csv"
    for each in rows:
        champions.note(path, each)
    return path


def test_the_same_champion_noted_again_changes_no_byte(tmp_path):
    path = history(tmp_path, row("a"))
    before = path.read_bytes()
    assert history(tmp_path, row("a", when="later", value=0.7)).read_bytes() == before
    assert len(champions.read(history(tmp_path, row("b")))) == 2


def test_a_row_reads_back_as_it_was_written(tmp_path):
    (read,) = champions.read(history(tmp_path, row("a")))
    assert read == {key: "" if value is None else str(value) for key, value in row("a").items()}
    assert "'=HYPERLINK" in (tmp_path / "champions.csv").read_text()  # no spreadsheet evaluates it


def test_without_a_champion_there_is_a_file_without_rows(tmp_path):
    assert champions.read(history(tmp_path, None)) == [] == champions.read(tmp_path / "none.csv")


def test_another_table_is_refused(tmp_path):
    path = tmp_path / "champions.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ArtifactError, match="git checkout|no history"):
        champions.read(path)


BACK = "rolled back"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([("a", "gate")], None),
        ([("a", "gate"), ("b", "gate")], "a"),
        ([("a", "gate"), ("b", "gate"), ("c", "gate"), ("b", BACK)], "a"),  # and not c, which was just left
        ([("a", "gate"), ("b", "gate"), ("a", BACK)], None),
        ([("a", "gate"), ("b", "gate"), ("a", BACK), ("d", "gate")], "a"),
        ([("a", "gate"), ("b", "gate"), ("a", "promoted by a person")], "b"),
    ],
)
def test_the_champion_before_is_the_one_before_the_present_promotion(tmp_path, changes, expected):
    rows = champions.read(history(tmp_path, *(row(digest, by) for digest, by in changes)))
    before = champions.predecessor(rows, rows[-1]["digest"])
    assert (before and before["digest"]) == expected
