"""process: a signal keeps finished work, and a stream that cannot be written costs what was to be written there."""

import os
import signal
import subprocess
import sys

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
    """A function that runs a guarded main with `body`, its streams as `config` says: `(exit code, stdout, stderr)`."""

    def run(body, config=""):
        (tmp_path / "some.py").write_text(MAIN.format(body=body))
        words = ["bash", "-c", f"set -o pipefail; {sys.executable} {tmp_path / 'some.py'} {config}"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def stopped(monkeypatch, capsys):
    """A function that guards `main` in this process: `(exit code, stderr)`."""

    def run(main):
        monkeypatch.setattr(sys, "argv", ["stage"])
        for stream in (sys.stdout, sys.stderr):
            monkeypatch.setattr(stream, "reconfigure", lambda **_: None, raising=False)
        with pytest.raises(SystemExit) as left:
            errors.guard(main)
        return left.value.code, capsys.readouterr().err

    return run


SIGNALS = {signal.SIGINT: (130, "interrupted"), signal.SIGTERM: (143, "terminated"), signal.SIGHUP: (129, "terminated")}


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_unwinds_the_work_and_says_how_to_go_on(stopped, number):
    before, unwound = signal.getsignal(number), []

    def main():
        try:
            os.kill(os.getpid(), number)
            signal.pause()
        except Exception:  # as retries and observers have it
            pytest.fail("a signal is no fault to go on from")
        finally:
            unwound.append(True)

    code, word = SIGNALS[number]
    assert stopped(main) == (code, f"{word}, finished work is kept; run the same command to go on\n")
    assert unwound and signal.getsignal(number) is before


def test_generators_that_hold_workers_are_closed_before_the_process_waits_for_those(stopped, monkeypatch):
    events = []

    def results():
        try:
            yield 1
        finally:
            events.append("workers end")

    def main():
        for _ in results():
            raise KeyboardInterrupt

    monkeypatch.setattr(errors.process, "tell", events.append)
    stopped(main)
    assert events[0] == "workers end"


def test_a_second_signal_ends_the_process_at_once(shell):
    again = "os.kill(os.getpid(), signal.SIGTERM)"
    code, _, said = shell(f"""
    try:
        {again}; signal.pause()
    finally:
        {again}; signal.pause()""")
    assert code in (-signal.SIGTERM, 128 + signal.SIGTERM) and "Traceback" not in said


def test_a_signal_that_the_caller_ignores_stays_ignored(shell):
    assert (
        shell(
            "os.kill(os.getpid(), signal.SIGHUP); print('on')",
            "",
        )[0]
        == 129
    )
    body = "assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN; os.kill(os.getpid(), signal.SIGHUP); print('on')"
    assert shell(f"signal.signal(signal.SIGHUP, signal.SIG_IGN); errors.guard(lambda: None); {body}")[:2] == (0, "on\n")


STREAMS = {  # what main does, how its streams are: exit code, stdout, what stderr holds
    "stdout is closed": (MANY, ">&-", (0, "", "")),
    "stderr is closed": (FAULT, "2>&-", (3, "", "")),
    "all are closed": (MANY, "<&- >&- 2>&-", (0, "", "")),
    "a file is opened while stdout is closed": (
        "file = open('/dev/null', 'w'); assert file.fileno() > 2; print(1)", ">&-", (0, "", "")),
    "stdout is full": (MANY, ">/dev/full", (5, "", "left on device | where: standard output | fix: free space")),
    "what is printed at once to a full stdout": (
        "print(1, flush=True)", ">/dev/full", (5, "", "where: standard output")),
    "little is printed to a full stdout": ("print(1)", ">/dev/full", (5, "", "where: standard output")),
    "a fault and a full stdout": (f"print(1); {FAULT}", ">/dev/full", (3, "", "error[E_X]")),
    "stderr is full": (FAULT, "2>/dev/full", (3, "", "")),
    "a warning, and stderr is full": ("errors.warn('x'); print(1)", "2>/dev/full", (0, "1\n", "")),
    "nobody reads": (MANY, "| head -c 1", (141, "x", "")),
    "nobody reads what is printed at once": (
        "print(1, flush=True); sys.stdin.read(); print(2, flush=True)", "< <(sleep 0.2) | head -1", (141, "1\n", "")),
    "ASCII alone is printed": ("print('猫'); errors.warn('猫')", "", (0, "\\u732b\n", "\\u732b")),
}  # fmt: skip


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_costs_no_more_than_what_was_to_be_written_there(shell, monkeypatch, name):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    body, config, (code, out, err) = STREAMS[name]
    found = shell(body, config)
    assert found[:2] == (code, out)
    assert err in found[2] and found[2].count("\n") == bool(err) and "Traceback" not in found[2]
