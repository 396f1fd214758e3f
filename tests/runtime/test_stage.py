"""stage: each stage runs once at a time."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from tests.fixtures.programs import running

from darkroom.runtime import progress, stage, stage_record
from darkroom.runtime.errors import DataError

HOLD = """
import sys
from pathlib import Path
from darkroom.runtime import stage

def main(*words):
    print("in", flush=True)
    sys.stdin.read()

stage.run(main, Path("locks"))
"""


@pytest.fixture
def holder(tmp_path, monkeypatch):
    """A process that runs the stage `fake` with the word `a` until it is killed."""
    monkeypatch.chdir(tmp_path)
    Path("fake.py").write_text(HOLD)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with running([sys.executable, "fake.py", "a"], **pipes, text=True) as process:
        assert process.stdout.readline() == "in\n"
        yield process


def outcome(monkeypatch, *words):
    """Run the stage; return its exit code, and whether main ran."""
    monkeypatch.setattr(sys, "argv", ["fake.py", *words])
    ran = []
    try:
        stage.run(lambda *_: ran.append(1) or "done", Path("locks"))
    except SystemExit as left:
        return left.code, bool(ran)
    return 0, bool(ran)


def test_a_stage_that_runs_already_is_busy_and_names_the_process(holder, monkeypatch, capsys):
    assert outcome(monkeypatch, "a") == (9, False)
    stderr = capsys.readouterr().err
    assert stderr.startswith("error[E_BUSY] fake-a is running already") and str(holder.pid) in stderr
    assert stderr.count("\n") == 1


def test_the_same_script_with_another_argument_is_another_stage(holder, monkeypatch):
    assert outcome(monkeypatch, "b") == (0, True)


def test_a_killed_stage_is_no_longer_busy_and_the_next_run_prints_possible_causes(holder, monkeypatch, capsys):
    holder.kill()
    holder.wait()
    assert outcome(monkeypatch, "a") == (0, True)
    stderr = capsys.readouterr().err
    assert f"fake-a (process {holder.pid}) was killed" in stderr and "batch_size" in stderr and stderr.count("\n") == 1
    assert outcome(monkeypatch, "a") == (0, True) and not capsys.readouterr().err


STUBBORN = """
import atexit, subprocess, sys, time
from pathlib import Path
from darkroom.runtime import stage

def main():
    atexit.register(time.sleep, 60)  # as libraries do that shut down slowly
    print(subprocess.Popen(["sleep", "60"]).pid, flush=True)
    time.sleep(60)

stage.run(main, Path("locks"))
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_stage_and_its_children_without_waiting_for_libraries(tmp_path, number, code):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with running([sys.executable, "-c", STUBBORN], cwd=tmp_path, **pipes, text=True) as process:
        child = psutil.Process(int(process.stdout.readline()))
        process.send_signal(number)
        assert process.wait(timeout=30) == code
        assert "finished work is kept" in process.stderr.read()
    assert not psutil.wait_procs([child], timeout=30)[1]


@pytest.mark.parametrize("fault", [ValueError, OSError(28, "No space left on device")])
def test_a_stage_that_ended_with_an_error_was_not_killed(tmp_path, monkeypatch, capsys, fault):
    def main():
        raise fault

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["fake.py"])
    for end in (main, lambda: None):
        with suppress(SystemExit):
            stage.run(end, Path("locks"))
    assert "was killed" not in capsys.readouterr().err


def test_the_lock_names_the_process_that_holds_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["fake.py"])
    seen = []
    stage.run(lambda: seen.append(Path("locks/fake.lock").read_text()), Path("locks"))
    assert seen == [f"{os.getpid()}\n"]


def test_an_unusable_environment_variable_is_refused_before_any_work(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "./mlruns")
    assert outcome(monkeypatch) == (5, False)
    assert capsys.readouterr().err.startswith("error[E_TRACKING_URI]")


def test_a_stage_prints_its_result_with_its_seconds_and_its_number_where_it_is_told_one(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["fake.py", "a"])
    stage.run(lambda _: "all\x1b well", tmp_path)
    assert re.fullmatch(r"  all\\x1b well \(\d+ s\)\n", capsys.readouterr().out)
    monkeypatch.setenv(stage.PLAN, '{"first": "Begin", "fake a": "Go on"}')
    stage.run(lambda _: "well", tmp_path)
    assert capsys.readouterr().out.startswith("stage 2 of 2, fake a: Go on\n  well (")


def test_the_record_of_a_stage_says_how_it_ended_and_how_long_its_last_success_took(monkeypatch, tmp_path, capsys):
    def fails():
        raise DataError("E_X", "bad", where="there", fix="mend it")

    monkeypatch.setattr(sys, "argv", ["fake.py"])
    stage.run(lambda: "well", tmp_path)
    first = stage_record.read(tmp_path / "fake.json")
    with suppress(SystemExit):
        stage.run(fails, tmp_path)
    second = stage_record.read(tmp_path / "fake.json")
    assert first.error is None and first.ended >= first.started and first.usual > 0
    assert second.error == "error[E_X] bad | where: there | fix: mend it" and second.usual == first.usual


def test_a_stage_whose_loop_is_done_leaves_how_far_it_was_in_its_record(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(progress, "RECORD_PAUSE", 0.0)
    monkeypatch.setattr(sys, "argv", ["fake.py"])
    seen = []

    def main():
        for _ in progress.each("abc", 3, "spelling"):
            seen.append(stage_record.read(tmp_path / "fake.json"))
        return "done"

    stage.run(main, tmp_path)
    assert seen[0].work is None and seen[0].is_running
    assert [record.work[:3] for record in seen[1:]] == [("spelling", 1, 3), ("spelling", 2, 3)]
