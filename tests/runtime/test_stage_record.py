"""stage_record: what status knows of a run, whatever happened to the run or to its file."""

import os

import pytest

from darkroom.runtime import stage_record
from darkroom.runtime.stage_record import Record, Work


def test_a_record_is_read_as_it_was_written(tmp_path):
    record = Record(7, 1.0, 2.0, "error", 3.0, Work("trials", 1, 4, 5.0))
    stage_record.write(tmp_path / "a.json", record)
    assert stage_record.read(tmp_path / "a.json") == record


@pytest.mark.parametrize("text", ["", "{", "[]", "1", "null", '{"pid": 1}', '{"pid": "x", "started": 1, "work": null}'])
def test_a_damaged_record_counts_as_none(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    assert stage_record.read(tmp_path / "a.json") is None


def test_a_record_that_cannot_be_written_is_no_error(tmp_path):
    (tmp_path / "file").write_text("")
    stage_record.write(tmp_path / "file" / "a.json", Record(1, 1.0))


def test_a_process_that_started_after_the_record_only_has_its_number(tmp_path):
    assert not Record(os.getpid(), started=1.0).is_running
    assert stage_record.begin(tmp_path / "a.json").is_running


def test_what_is_left_follows_the_pace_of_this_run_alone():
    assert Work("epochs", 30, 40, 10.0, first=20).left == 10.0
    assert Work("epochs", 20, 40, 10.0, first=20).left is None
