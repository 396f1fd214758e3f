"""process: a signal keeps finished work, and a stream that cannot be written costs that output alone."""

import os
import signal
import subprocess
import sys
import time

import pytest

from darkroom.runtime import errors

MAIN = """
import os, signal, sys
from darkroom.runtime import errors

def main(*words):
    {body}

errors.guard(main)
"""
MANY = "print('x' * 100_000)"
FAULT = "raise errors.DataError('E_X', 'what', where='here', fix='this')"


@pytest.fixture
def shell(tmp_path):
    """A function that runs a guarded main with `body` and shell redirections: `(exit code, stdout, stderr)`."""

    def run(body, redirections=""):
        (tmp_path / "some.py").write_text(MAIN.format(body=body))
        words = ["bash", "-c", f"set -o pipefail; {sys.executable} {tmp_path / 'some.py'} {redirections}"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    return run


SIGNALS = {signal.SIGINT: (130, "interrupted"), signal.SIGTERM: (143, "terminated"), signal.SIGHUP: (129, "terminated")}


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_unwinds_the_stack_and_prints_how_to_go_on(guarded, number):
    before, unwound = signal.getsignal(number), []

    def main():
        try:
            os.kill(os.getpid(), number)
            time.sleep(5)  # another thread of this process may get the signal
        except Exception:  # as retry loops and callbacks have it
            pytest.fail("a signal must not be swallowed")
        finally:
            unwound.append(True)

    code, word = SIGNALS[number]
    assert guarded(main) == (code, f"{word}, finished work is kept; run the same command to go on\n")
    assert unwound and signal.getsignal(number) is before


def test_generators_that_hold_workers_are_closed_before_the_error_is_printed(guarded, monkeypatch):
    events = []

    def results():
        try:
            yield 1
        finally:
            events.append("workers end")

    def main():
        for _ in results():
            raise KeyboardInterrupt

    monkeypatch.setattr(errors.process, "print_error", events.append)
    guarded(main)
    assert events[0] == "workers end"


def test_a_second_signal_ends_the_process_at_once(shell):
    again = "os.kill(os.getpid(), signal.SIGTERM)"
    code, _, stderr = shell(f"""
    try:
        {again}; signal.pause()
    finally:
        {again}; signal.pause()""")
    assert code in (-signal.SIGTERM, 128 + signal.SIGTERM) and "Traceback" not in stderr


def test_a_signal_that_the_parent_ignores_stays_ignored(shell):
    assert shell("os.kill(os.getpid(), signal.SIGHUP); print('on')")[0] == 129
    body = "assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN; os.kill(os.getpid(), signal.SIGHUP); print('on')"
    assert shell(f"signal.signal(signal.SIGHUP, signal.SIG_IGN); errors.guard(lambda: None); {body}")[:2] == (0, "on\n")


STREAMS = {  # what main does, the redirections: exit code, stdout, what stderr holds
    "stdout is closed": (MANY, ">&-", (0, "", "")),
    "stderr is closed": (FAULT, "2>&-", (3, "", "")),
    "all are closed": (MANY, "<&- >&- 2>&-", (0, "", "")),
    "a file is opened while stdout is closed": (
        "file = open('/dev/null', 'w'); assert file.fileno() > 2; print(1)", ">&-", (0, "", "")),
    "stdout is full": (MANY, ">/dev/full", (5, "", "left on device | where: standard output | fix: free space")),
    "unbuffered output to a full stdout": (
        "print(1, flush=True)", ">/dev/full", (5, "", "where: standard output")),
    "little output to a full stdout": ("print(1)", ">/dev/full", (5, "", "where: standard output")),
    "a fault and a full stdout": (f"print(1); {FAULT}", ">/dev/full", (3, "", "error[E_X]")),
    "stderr is full": (FAULT, "2>/dev/full", (3, "", "")),
    "a warning, and stderr is full": ("errors.warn('x'); print(1)", "2>/dev/full", (0, "1\n", "")),
    "nobody reads": (MANY, "| head -c 1", (141, "x", "")),
    "nobody reads unbuffered output": (
        "print(1, flush=True); sys.stdin.read(); print(2, flush=True)", "< <(sleep 0.2) | head -1", (141, "1\n", "")),
    "an encoding of ASCII alone": ("print('猫'); errors.warn('猫')", "", (0, "\\u732b\n", "\\u732b")),
}  # fmt: skip


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_that_cannot_be_written_costs_that_output_alone(shell, monkeypatch, name):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    body, redirections, (code, out, err) = STREAMS[name]
    *result, stderr = shell(body, redirections)
    assert result == [code, out]
    assert err in stderr and stderr.count("\n") == bool(err) and "Traceback" not in stderr
