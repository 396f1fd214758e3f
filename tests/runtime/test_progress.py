"""progress: one bar at a time on a terminal, a line now and then in a log, and a record for `darkroom status`."""

import pytest

from darkroom.runtime import progress


@pytest.fixture
def at_once(monkeypatch) -> None:
    """No pause between two lines or two records."""
    monkeypatch.setattr(progress, "PAUSE", 0.0)
    monkeypatch.setattr(progress, "RECORD_PAUSE", 0.0)


def test_a_log_gets_a_line_with_what_is_done_of_how_much(at_once, capfd):
    assert list(progress.each("ab", 2, "packing")) == ["a", "b"]
    assert capfd.readouterr().err == "  packing: 1 of 2\n  packing: 2 of 2\n"


def test_a_loop_of_seconds_leaves_nothing_in_a_log(capfd):
    assert list(progress.each(range(1000), 1000, "packing"))[-1] == 999
    assert capfd.readouterr().err == ""


def test_a_loop_within_another_one_is_not_shown(at_once, capfd):
    with progress.shown("trials", 3) as outer:
        with progress.shown("training, epochs", 9) as inner:
            inner(1, "")
        outer(1, "best 0.9")
    assert capfd.readouterr().err == "  trials: 1 of 3, best 0.9\n"


def test_whoever_records_learns_how_far_the_loop_is_and_how_long_still(at_once):
    seen = []
    with progress.recorded(seen.append), progress.shown("trials", 6, first=2) as show:
        show(4, "")
    (work,) = seen
    assert (work.title, work.done, work.total, work.first) == ("trials", 4, 6, 2)
    assert work.left == pytest.approx(work.seconds)  # two steps were done since, and two are left


def test_before_the_first_step_nobody_knows_how_long_it_takes(at_once):
    assert progress.Work("trials", done=2, total=6, seconds=5.0, first=2).left is None
