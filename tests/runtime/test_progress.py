"""progress: one bar at a time on a terminal, a line now and then in a log."""

import io
import os
import pty
import subprocess
import sys

from darkroom.runtime import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_loop_yields_its_items_and_leaves_nothing_in_a_log_that_it_ends_in_time_for(capfd):
    assert list(progress.each("abc", 3, "spelling")) == ["a", "b", "c"] and capfd.readouterr() == ("", "")


def test_a_log_gets_a_line_where_the_last_one_is_old_enough(monkeypatch, capfd):
    monkeypatch.setattr(progress, "PAUSE", 0.0)
    with progress.shown("trials", 2) as show:
        show(1, "the best is 0.9")
        show(2, "")
    assert capfd.readouterr().err == "  trials: 1 of 2, the best is 0.9\n  trials: 2 of 2\n"


def test_a_loop_within_a_loop_is_not_shown_and_the_next_one_is(monkeypatch, capfd):
    monkeypatch.setattr(progress, "PAUSE", 0.0)
    for _ in progress.each([1], 1, "outer"):
        list(progress.each([1], 1, "inner"))
    list(progress.each([1], 1, "next"))
    assert capfd.readouterr().err == "  outer: 1 of 1\n  next: 1 of 1\n"


def test_lines_that_are_sent_elsewhere_do_not_come_to_the_terminal_of_the_bar():
    code = "from darkroom.runtime import progress\nfor i in progress.each(range(3), 3, 'work'): print(i)"
    ours, theirs = pty.openpty()
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(theirs)
    assert done.stdout == b"0\n1\n2\n"
    os.close(ours)


def test_the_bar_of_a_terminal_goes_away(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    list(progress.each("abc", 3, "spelling"))
    assert "spelling" in sys.stderr.getvalue() and sys.stderr.getvalue().endswith("\x1b[2K")
