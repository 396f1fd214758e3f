"""repro: the checks that DVC lacks, in a repository of two shell stages."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fixtures import signals
from tests.fixtures.programs import PATIENCE, await_line, running

from darkroom.commands import repository
from darkroom.commands.repro import LOCK, RWLOCK, repro
from darkroom.runtime.errors import ArtifactError, EnvironmentFault

PYTHON = sys.executable  # a process of its own, with limits and signals; DVC alone runs in `warm_dvc`
STAGES = """
stages:
  first:
    cmd: {first}
    outs:
      - out
  second:
    cmd: mkdir other && echo 2 > other/a
    outs:
      - other
"""
BIG = "ulimit -S -f unlimited; mkdir out && head -c 2000000 /dev/zero > out/a && echo 1 > out/b"
WAITING = "echo waiting; read line < gate; mkdir out && echo $line > out/a"


@pytest.fixture
def repository_of(tmp_path, monkeypatch, warm_dvc):
    """A function that makes the current folder a git repository with DVC in it, whose first stage has the command."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    monkeypatch.setenv("SHELL", "/bin/sh")
    monkeypatch.setattr(sys, "executable", str(warm_dvc))
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@example.org")

    def make(first: str = "mkdir out && echo 1 > out/a") -> Path:
        repository.git_output("init", "--quiet")
        Path(".dvc/tmp").mkdir(parents=True)
        Path(".dvc/config").write_text("[core]\n    analytics = false\n    check_update = false\n")
        Path("dvc.yaml").write_text(STAGES.format(first=first))
        return tmp_path

    return make


@pytest.fixture
def dvc_calls(repository_of, monkeypatch) -> list[tuple[str, ...]]:
    """The arguments of the calls of DVC in such a repository, which a stand-in answers with success."""
    calls = []
    repository_of()
    monkeypatch.setattr(repository, "quiet_dvc", lambda *words, **_: calls.append(words) or 0)
    monkeypatch.setattr(repository, "dvc_output", lambda *words: "{}")
    return calls


def commit_lock(text: str) -> None:
    Path(LOCK).write_text(text)
    repository.git_output("add", LOCK)
    repository.git_output("commit", "--quiet", "--message", "run")


def test_dvc_waits_for_its_lock(dvc_calls):
    repro("--pull")
    assert dvc_calls == [("--wait-for-lock", "repro", "--pull")]


def test_a_stage_that_fails_ends_the_command_with_its_exit_code(repository_of, capfd):
    repository_of(first="exit 3")
    with pytest.raises(SystemExit) as caught:
        repro()
    assert caught.value.code == 3 and "failed to reproduce 'first'" in capfd.readouterr().err


@pytest.mark.parametrize("shell", ["sh", "bash"])
@pytest.mark.parametrize(("number", "code"), [("INT", 130), ("TERM", 143), ("KILL", 137)])
def test_a_stage_that_a_signal_ended_ends_the_command_with_the_code_of_shells(
    number, code, shell, repository_of, monkeypatch
):
    repository_of(first=f"kill -{number} $$")
    monkeypatch.setenv("SHELL", shutil.which(shell) or pytest.skip(f"{shell} is not installed"))
    with pytest.raises(SystemExit) as caught:
        repro()
    assert caught.value.code == code


def test_what_dvc_itself_refuses_ends_the_command_with_its_exit_code(repository_of):
    repository_of()
    with pytest.raises(SystemExit) as caught:
        repro("nowhere")
    assert caught.value.code == 255


@pytest.mark.parametrize("text", ["", "<<<<<<< HEAD\nstages:\n=======\n", "\x00\x01", "stages: [", "other: 1"])
def test_a_damaged_dvc_lock_is_an_error_with_the_command_that_restores_it(text, dvc_calls):
    commit_lock("stages:\n  first: {}\n  second: {}\n")
    Path(LOCK).write_text(text)
    with pytest.raises(ArtifactError, match="cannot be read") as caught:
        repro()
    assert caught.value.exit_code == 4 and "git checkout dvc.lock" in caught.value.fix and dvc_calls == []


def test_a_dvc_lock_that_was_truncated_between_two_stages_is_an_error(dvc_calls):
    commit_lock("stages:\n  first: {}\n  second@a: {}\n  gone: {}\n")
    Path(LOCK).write_text("stages:\n  first: {}\n")
    with pytest.raises(ArtifactError, match="lacks second, which"):  # `gone` is no longer in dvc.yaml
        repro()
    assert dvc_calls == []


def test_without_dvc_lock_every_stage_runs(dvc_calls):
    commit_lock("stages:\n  first: {}\n")
    Path(LOCK).unlink()
    repro()
    assert len(dvc_calls) == 1


@pytest.mark.parametrize("text", ["", '{"/a": {"re'])
def test_a_damaged_list_of_readers_and_writers_is_an_error_with_a_fix(text, dvc_calls):
    RWLOCK.write_text(text)
    with pytest.raises(ArtifactError) as caught:
        repro()
    assert caught.value.exit_code == 4 and f"rm {RWLOCK}" in caught.value.fix and dvc_calls == []
    RWLOCK.write_text("{}")
    repro()


def dvc(*words: str) -> list[str]:
    return [sys.executable, "-m", "dvc", *words]


@pytest.mark.slow
def test_an_output_that_a_full_disk_kept_out_of_the_cache_is_an_error(repository_of):
    """A limit on the size of files simulates the disk; the stage itself lifts it, so DVC's copy alone fails."""
    repository_of(BIG)
    script = "from darkroom.runtime import errors; from darkroom.commands import repro; errors.guard(repro.repro)"
    shell = ["/bin/sh", "-c", 'ulimit -S -f 1000; exec "$0" -c "$1"', PYTHON, script]
    done = subprocess.run(shell, capture_output=True, text=True)
    assert done.returncode == 5, done.stderr
    assert done.stderr.splitlines()[-1].startswith("error[E_CACHE] DVC's cache lacks out, ")
    assert repository.dvc("commit", "--force", "--quiet") == 0  # the fix in the message, now that there is space
    repro()


@pytest.mark.slow
def test_a_dvc_lock_that_a_full_disk_truncated_is_an_error_of_the_next_run(repository_of):
    """As above; with commands of 90 kB, two stages of dvc.lock fit below the limit, and three do not."""
    repository_of()
    stages = [
        f'  {x}:\n    cmd: "mkdir {x} && echo {x} > {x}/a #{x * 90_000}"\n    outs:\n      - {x}\n' for x in "abc"
    ]
    Path("dvc.yaml").write_text("stages:\n" + "".join(stages))
    assert repository.dvc("repro", "--quiet", "a", "b") == 0
    commit_lock(Path(LOCK).read_text())
    shell = ["/bin/sh", "-c", 'ulimit -S -f 400; exec "$0" -m dvc repro --quiet', PYTHON]
    assert subprocess.run(shell, capture_output=True).returncode == 255
    with pytest.raises(ArtifactError, match="cannot be read") as caught:
        repro()
    assert caught.value.fix == "git checkout dvc.lock"
    repository.git_output("checkout", LOCK)
    repro()


@pytest.mark.slow
def test_ctrl_c_waits_for_the_stage_to_save_its_state(repository_of):
    repository_of("trap 'sleep 0.5; echo yes > saved; exit 130' INT; echo waiting; while :; do sleep 0.05; done")
    handle = "signal.signal(signal.SIGINT, signal.default_int_handler)"  # a shell in the background ignores it
    script = f"import signal; {handle}; from darkroom.commands.repro import repro; repro()"
    pipes = {"stdout": subprocess.PIPE, "text": True, "start_new_session": True}
    with running([PYTHON, "-c", script], **pipes) as process:
        await_line(process, "waiting")
        signals.await_ignored_ctrl_c(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(PATIENCE) == 130
    assert Path("saved").read_text() == "yes\n"


@pytest.mark.slow
def test_while_a_stage_runs_the_same_stage_is_refused_and_another_one_runs(repository_of):
    repository_of(WAITING)
    os.mkfifo("gate")
    with running(dvc("repro", "first"), stdout=subprocess.PIPE, text=True) as first:
        await_line(first, "waiting")
        again = subprocess.run(dvc("repro", "first"), capture_output=True, text=True, timeout=PATIENCE)
        assert "busy" in again.stderr and again.returncode == 255
        assert subprocess.run(dvc("repro", "second"), timeout=PATIENCE).returncode == 0
        Path("gate").write_text("right\n")
        first.communicate(timeout=PATIENCE)
    assert first.returncode == 0 and Path("out/a").read_text() == "right\n"
    assert {"first:", "second:"} <= {line.strip() for line in Path(LOCK).read_text().splitlines()}


@pytest.mark.slow
def test_an_output_that_workspace_and_cache_lack_is_made_again(repository_of):
    repository_of()
    repro()
    for path in ("out", "other", ".dvc/cache/files"):
        subprocess.run(["rm", "-rf", path], check=True)
    repro()
    assert Path("out/a").read_text() == "1\n"


def test_outside_git_the_error_names_the_command_to_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(EnvironmentFault, match="not a git repository") as caught:
        repro()
    assert caught.value.exit_code == 5 and "git init" in caught.value.fix
