"""retrain: the result reaches the branch, whatever others push while it trains. DVC is replaced by a stand-in."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from darkroom.commands import branch, repository, retrain
from darkroom.runtime.errors import BusyError, EnvironmentFault, ServiceError

RESULT = ("dvc.lock", "reports/metrics.json")


class Clone:
    """A clone of the hub, or the hub itself."""

    def __init__(self, root: Path):
        self.root = root

    def git(self, *words: str) -> str:
        process = subprocess.run(["git", *words], cwd=self.root, capture_output=True, text=True)
        assert process.returncode == 0, process.stderr
        return process.stdout.strip()

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(exist_ok=True)
        (self.root / name).write_text(text)

    def push(self, name: str, text: str) -> None:
        """Do what another person does: pull, change a file, push."""
        self.git("pull", "--quiet", "--rebase")
        self.write(name, text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"change {name}")
        self.git("push", "--quiet")


class Pipeline:
    """A pipeline whose results are functions of params.yaml; `meanwhile` is called while it runs."""

    def __init__(self):
        self.runs, self.meanwhile = [], []

    def __call__(self, *options: str) -> None:
        params = Path("params.yaml").read_text()
        self.runs.append(params)
        Path("reports").mkdir(exist_ok=True)
        for name in RESULT:
            Path(name).write_text(f"{name} of {params}")
        if self.meanwhile:
            self.meanwhile.pop(0)()


@pytest.fixture(autouse=True)
def author(monkeypatch):
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)


@pytest.fixture
def hub(tmp_path) -> Clone:
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", tmp_path / "hub.git"], check=True)
    return Clone(tmp_path / "hub.git")


@pytest.fixture
def clone(hub, tmp_path) -> Callable[[str], Clone]:
    def make(name: str) -> Clone:
        subprocess.run(["git", "clone", "--quiet", hub.root, tmp_path / name], check=True, capture_output=True)
        return Clone(tmp_path / name)

    return make


@pytest.fixture
def here(clone, monkeypatch) -> Clone:
    """The clone that retrains; its params changed since the results that it holds."""
    here = clone("here")
    for name in (*RESULT, "README.md"):
        here.write(name, "old")
    here.write("params.yaml", "epochs: 1")
    here.git("add", "--all")
    here.git("commit", "--quiet", "--message", "change params")
    here.git("push", "--quiet")
    monkeypatch.chdir(here.root)
    return here


@pytest.fixture
def there(here, clone) -> Clone:
    return clone("there")


@pytest.fixture
def pipeline(here, monkeypatch) -> Pipeline:
    pipeline = Pipeline()
    monkeypatch.setattr(retrain, "repro", pipeline)
    monkeypatch.setattr(repository, "dvc_output", lambda *words: "")
    monkeypatch.setattr(repository, "dvc_messages", lambda *words: "Running stage 'first':")
    return pipeline


@pytest.fixture
def dvc_calls(pipeline, hub, monkeypatch) -> list[tuple[str, ...]]:
    """The calls of DVC, which has a remote called `store`, each with the last commit of the hub at that time."""
    calls = []

    def dvc(*words: str) -> int:
        assert words[0] == "--wait-for-lock"
        calls.append((*words[1:], hub.git("log", "-1", "--format=%s", "main")))
        return 0

    monkeypatch.setattr(repository, "dvc_output", lambda *words: "store")
    monkeypatch.setattr(retrain, "dvc", dvc)
    return calls


def subjects(clone: Clone) -> list[str]:
    return clone.git("log", "--format=%s", "main").splitlines()


def committed(clone: Clone, name: str) -> str:
    return clone.git("show", f"main:{name}")


def test_a_result_is_committed_and_pushed_once(hub, pipeline):
    assert retrain.retrain() == "the result is on origin/main"
    assert subjects(hub) == [branch.SUBJECT, "change params"]
    assert retrain.retrain() == "nothing changed, so nothing is pushed"
    assert subjects(hub) == [branch.SUBJECT, "change params"] and len(pipeline.runs) == 2


def test_a_commit_that_others_push_meanwhile_stays_below_the_result(hub, there, pipeline):
    pipeline.meanwhile = [lambda: there.push("README.md", "another line")]
    retrain.retrain()
    assert subjects(hub) == [branch.SUBJECT, "change README.md", "change params"]
    assert committed(hub, "README.md") == "another line" and committed(hub, "dvc.lock") == "dvc.lock of epochs: 1"


def test_params_that_others_push_meanwhile_are_trained_on_in_the_same_commit(hub, there, pipeline):
    pipeline.meanwhile = [lambda: there.push("params.yaml", "epochs: 2")]
    retrain.retrain()
    assert subjects(hub) == [branch.SUBJECT, "change params.yaml", "change params"]
    assert pipeline.runs == ["epochs: 1", "epochs: 2"]
    assert [committed(hub, name) for name in RESULT] == [f"{name} of epochs: 2" for name in RESULT]


@pytest.mark.parametrize("name", RESULT)
def test_a_generated_file_that_others_changed_too_is_made_again_from_their_state(name, hub, there, pipeline):
    def theirs() -> None:
        there.push("params.yaml", "epochs: 3")
        there.push(name, "theirs")

    pipeline.meanwhile = [theirs]
    retrain.retrain()
    assert subjects(hub) == [branch.SUBJECT, f"change {name}", "change params.yaml", "change params"]
    assert [committed(hub, name) for name in RESULT] == [f"{name} of epochs: 3" for name in RESULT]


def test_after_five_rejected_pushes_it_ends_and_the_result_is_kept(hub, there, pipeline):
    pipeline.meanwhile = [lambda i=i: there.push("README.md", f"line {i}") for i in range(branch.TRIES)]
    with pytest.raises(ServiceError, match="moved at each of 5 tries") as caught:
        retrain.retrain()
    assert caught.value.exit_code == 6 and "make retrain" in caught.value.fix
    assert len(pipeline.runs) == branch.TRIES and branch.SUBJECT not in subjects(hub)
    assert retrain.retrain() == "the result is on origin/main"  # pushes the local commit
    assert subjects(hub)[:2] == [branch.SUBJECT, "change README.md"]


def test_local_commits_that_conflict_are_kept_and_reported(hub, here, there, pipeline):
    here.write("README.md", "mine")
    here.git("commit", "--quiet", "--all", "--message", "my line")
    pipeline.meanwhile = [lambda: there.push("README.md", "theirs")]
    with pytest.raises(ServiceError, match="change the same lines") as caught:
        retrain.retrain()
    assert "git pull --rebase" in caught.value.fix
    assert subjects(here) == ["my line", "change params"]
    assert here.git("status", "--porcelain", "--untracked-files=no") == ""


def test_a_branch_that_is_new_to_the_remote_is_pushed_under_its_own_name(hub, here, pipeline):
    here.git("switch", "--quiet", "--create", "try")
    assert retrain.retrain() == "the result is on origin/try"
    assert hub.git("log", "-1", "--format=%s", "try") == branch.SUBJECT


def test_without_a_git_remote_the_result_is_committed_here(here, pipeline):
    here.git("remote", "remove", "origin")
    assert "committed here" in retrain.retrain()
    assert subjects(here) == [branch.SUBJECT, "change params"]
    assert retrain.retrain() == "nothing changed"


def test_a_push_that_fails_for_another_reason_is_tried_once_and_reported_without_the_password(hub, here, pipeline):
    hook = hub.root / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho no entry to https://bob:s3cret@example.org >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(ServiceError, match="not because the branch moved") as caught:
        retrain.retrain()
    assert caught.value.exit_code == 6 and "s3cret" not in str(caught.value) and len(pipeline.runs) == 1
    assert subjects(here)[0] == branch.SUBJECT


def test_a_git_remote_that_does_not_answer_is_an_error_before_anything_runs(hub, here, pipeline):
    here.git("remote", "set-url", "origin", str(hub.root / "gone"))
    with pytest.raises(ServiceError, match="git fetch failed"):
        retrain.retrain()
    assert pipeline.runs == []


def test_a_stage_that_fails_leaves_branch_and_commits_as_they_were(hub, here, monkeypatch, pipeline):
    def fails(*options: str) -> None:
        raise SystemExit(255)

    monkeypatch.setattr(retrain, "repro", fails)
    with pytest.raises(SystemExit) as caught:
        retrain.retrain()
    assert caught.value.code == 255
    assert subjects(hub) == subjects(here) == ["change params"]


def test_without_a_branch_nothing_runs(here, pipeline):
    here.git("switch", "--quiet", "--detach")
    with pytest.raises(EnvironmentFault, match="on no branch") as caught:
        retrain.retrain()
    assert caught.value.exit_code == 5 and pipeline.runs == []


def test_uncommitted_changes_are_an_error_before_anything_runs(here, pipeline):
    here.write("params.yaml", "epochs: 9")
    with pytest.raises(EnvironmentFault, match=r"uncommitted changes: params\.yaml") as caught:
        retrain.retrain()
    assert caught.value.exit_code == 5 and pipeline.runs == []


def test_outside_git_the_error_names_the_command_to_run(tmp_path, monkeypatch):
    (tmp_path / "unpacked").mkdir()
    monkeypatch.chdir(tmp_path / "unpacked")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(EnvironmentFault, match="not a git repository") as caught:
        retrain.retrain()
    assert "git init" in caught.value.fix and caught.value.exit_code == 5


def test_the_cache_is_pushed_before_the_commit_that_names_it(hub, dvc_calls):
    retrain.retrain()
    before = "change params"  # the last commit of the hub at each call of DVC
    assert dvc_calls == [("pull", "--allow-missing", before), ("push", "--run-cache", before)]
    assert subjects(hub)[0] == branch.SUBJECT


def test_a_dvc_remote_that_does_not_answer_is_named_and_nothing_is_trained(dvc_calls, pipeline, monkeypatch):
    monkeypatch.setattr(retrain, "dvc", lambda *words: 255)
    with pytest.raises(ServiceError, match="dvc pull failed") as caught:
        retrain.retrain()
    assert caught.value.exit_code == 6 and "store" in caught.value.where and pipeline.runs == []


def test_a_champion_that_nobody_pushed_is_not_replaced_unopposed(here, dvc_calls, pipeline):
    here.write("dvc.lock", "stages:\n  register:\n    outs:\n    - path: champion\n      md5: a.dir\n")
    with pytest.raises(ServiceError, match="the champion that dvc.lock names") as caught:
        retrain.retrain()
    assert caught.value.exit_code == 6 and "dvc push" in caught.value.fix and pipeline.runs == []
    (here.root / "champion").mkdir()
    assert retrain.retrain() == "the result is on origin/main"


def test_without_a_dvc_remote_a_warning_says_that_nothing_is_pushed(here, pipeline, capsys):
    here.write("dvc.lock", "    - path: champion\n")
    retrain.retrain()
    assert capsys.readouterr().err.startswith("warning: no DVC remote is set")


def test_without_dvc_lock_everything_is_made_again(hub, here, pipeline):
    here.git("rm", "--quiet", *RESULT)
    here.git("commit", "--quiet", "--message", "start over")
    retrain.retrain()
    assert subjects(hub)[:2] == [branch.SUBJECT, "start over"] and committed(hub, "dvc.lock") == "dvc.lock of epochs: 1"


def test_data_that_dvc_tracks_are_pulled_completely_before_anything_else(here, dvc_calls, pipeline):
    here.write("data/images.zip.dvc", "outs:")
    here.git("add", "--all")
    here.git("commit", "--quiet", "--message", "data")
    retrain.retrain()
    assert dvc_calls[0][:2] == ("pull", "data/images.zip.dvc")


def test_what_is_up_to_date_is_neither_pulled_nor_run(hub, dvc_calls, pipeline, monkeypatch):
    monkeypatch.setattr(repository, "dvc_messages", lambda *words: retrain.UP_TO_DATE)
    assert retrain.retrain() == "nothing changed, so nothing is pushed"
    assert dvc_calls == [] and pipeline.runs == [] and subjects(hub) == ["change params"]


def test_a_result_that_was_not_pushed_is_pushed_although_it_is_up_to_date(hub, here, dvc_calls, pipeline, monkeypatch):
    monkeypatch.setattr(repository, "dvc_messages", lambda *words: retrain.UP_TO_DATE)
    here.write("dvc.lock", "of a run whose push failed")
    assert retrain.retrain() == "the result is on origin/main"
    assert [call[0] for call in dvc_calls] == ["pull", "push"]


def test_imported_data_are_updated_first_and_their_pointer_is_committed_with_the_result(hub, here, dvc_calls, pipeline):
    pointer = "data/images.zip.dvc"
    here.write(pointer, "deps:\n- etag: old\n")
    here.write("data/own.zip.dvc", "outs:\n- md5: a\n")
    here.git("add", "--all")
    here.git("commit", "--quiet", "--message", "data")
    here.git("push", "--quiet")
    pipeline.meanwhile = [lambda: here.write(pointer, "deps:\n- etag: new\n")]
    assert retrain.retrain(update=True) == "the result is on origin/main"
    assert dvc_calls[0][:2] == ("update", pointer) and dvc_calls[1][0] == "pull"
    assert committed(hub, pointer).endswith("etag: new") and subjects(hub)[0] == branch.SUBJECT


def test_two_at_once_in_a_clone_are_exit_9(here, pipeline):
    with retrain.alone(), pytest.raises(BusyError) as caught:
        retrain.retrain()
    assert caught.value.exit_code == 9 and pipeline.runs == []
    assert retrain.retrain() == "the result is on origin/main"


def test_a_plan_says_what_would_happen_and_does_nothing(hub, here, there, pipeline, monkeypatch):
    there.push("README.md", "another line")
    monkeypatch.setattr(
        repository, "dvc_messages", lambda *words: "Running stage 'a':\nERROR: failed to reproduce 'b': gone"
    )
    assert retrain.plan() == (
        "would take 1 commit from origin/main, then run a, b and what depends on them, "
        "then push the result to origin/main"
    )
    assert pipeline.runs == [] and subjects(here) == ["change params"] and here.git("status", "--porcelain") == ""


def test_a_plan_without_a_change_is_to_do_nothing(pipeline, monkeypatch):
    monkeypatch.setattr(repository, "dvc_messages", lambda *words: retrain.UP_TO_DATE)
    assert retrain.plan().startswith("nothing changed")
