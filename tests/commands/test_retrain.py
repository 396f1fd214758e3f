"""retrain: the result reaches the branch, whatever others push while it trains. A stand-in plays DVC."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from darkroom.commands import repository, retrain
from darkroom.runtime.errors import EnvironmentFault, ServiceError

RESULT = ("dvc.lock", "reports/metrics.json")


class Place:
    """A clone of the hub, its files and its git."""

    def __init__(self, root: Path):
        self.root = root

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.root, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def write(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(exist_ok=True)
        (self.root / name).write_text(text)

    def push(self, name: str, text: str) -> None:
        """What another person does: their latest state, one file changed."""
        self.git("pull", "--quiet", "--rebase")
        self.write(name, text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", f"change {name}")
        self.git("push", "--quiet")


class Stage:
    """A pipeline whose results are functions of params.yaml; `meanwhile` happens while it runs."""

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
def hub(tmp_path) -> Place:
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", tmp_path / "hub.git"], check=True)
    return Place(tmp_path / "hub.git")


@pytest.fixture
def clone(hub, tmp_path) -> Callable[[str], Place]:
    def make(name: str) -> Place:
        subprocess.run(["git", "clone", "--quiet", hub.root, tmp_path / name], check=True, capture_output=True)
        return Place(tmp_path / name)

    return make


@pytest.fixture
def here(clone, monkeypatch) -> Place:
    """The clone that retrains; its params changed since the results that it holds."""
    place = clone("here")
    for name in (*RESULT, "README.md"):
        place.write(name, "old")
    place.write("params.yaml", "epochs: 1")
    place.git("add", "--all")
    place.git("commit", "--quiet", "--message", "change params")
    place.git("push", "--quiet")
    monkeypatch.chdir(place.root)
    return place


@pytest.fixture
def there(here, clone) -> Place:
    return clone("there")


@pytest.fixture
def stage(here, monkeypatch) -> Stage:
    stage = Stage()
    monkeypatch.setattr(retrain, "repro", stage)
    monkeypatch.setattr(repository, "dvc_output", lambda *words: "")
    return stage


@pytest.fixture
def exchanged(stage, hub, monkeypatch) -> list[tuple[str, ...]]:
    """What DVC is asked for, with a remote called `store`; and the hub's last commit then."""
    asked = []

    def dvc(*words: str) -> int:
        asked.append((*words, hub.git("log", "-1", "--format=%s", "main")))
        return 0

    monkeypatch.setattr(repository, "dvc_output", lambda *words: "store")
    monkeypatch.setattr(retrain, "dvc", dvc)
    return asked


def subjects(place: Place) -> list[str]:
    return place.git("log", "--format=%s", "main").splitlines()


def shown(place: Place, name: str) -> str:
    return place.git("show", f"main:{name}")


def test_a_result_is_committed_and_pushed_and_the_same_again_is_neither(hub, stage):
    assert retrain.retrain() == "the result is on origin/main"
    assert subjects(hub) == [retrain.SUBJECT, "change params"]
    assert retrain.retrain() == "nothing changed, so nothing is pushed"
    assert subjects(hub) == [retrain.SUBJECT, "change params"] and len(stage.runs) == 2


def test_a_commit_that_others_push_meanwhile_and_the_result_are_both_on_the_branch(hub, there, stage):
    stage.meanwhile = [lambda: there.push("README.md", "another line")]
    retrain.retrain()
    assert subjects(hub) == [retrain.SUBJECT, "change README.md", "change params"]
    assert shown(hub, "README.md") == "another line" and shown(hub, "dvc.lock") == "dvc.lock of epochs: 1"


def test_params_that_others_push_meanwhile_are_trained_on_in_the_same_commit(hub, there, stage):
    stage.meanwhile = [lambda: there.push("params.yaml", "epochs: 2")]
    retrain.retrain()
    assert subjects(hub) == [retrain.SUBJECT, "change params.yaml", "change params"]
    assert stage.runs == ["epochs: 1", "epochs: 2"]
    assert [shown(hub, name) for name in RESULT] == [f"{name} of epochs: 2" for name in RESULT]


@pytest.mark.parametrize("name", RESULT)
def test_where_others_change_the_same_generated_file_it_is_made_anew_from_their_state(name, hub, there, stage):
    def theirs() -> None:
        there.push("params.yaml", "epochs: 3")
        there.push(name, "theirs")

    stage.meanwhile = [theirs]
    retrain.retrain()
    assert subjects(hub) == [retrain.SUBJECT, f"change {name}", "change params.yaml", "change params"]
    assert [shown(hub, name) for name in RESULT] == [f"{name} of epochs: 3" for name in RESULT]


def test_others_who_are_faster_each_time_end_it_after_five_tries_and_nothing_is_lost(hub, there, stage):
    stage.meanwhile = [lambda i=i: there.push("README.md", f"line {i}") for i in range(retrain.TRIES)]
    with pytest.raises(ServiceError, match="moved at each of 5 tries") as caught:
        retrain.retrain()
    assert caught.value.exit_code == 6 and "make retrain" in caught.value.fix
    assert len(stage.runs) == retrain.TRIES and retrain.SUBJECT not in subjects(hub)
    assert retrain.retrain() == "the result is on origin/main"  # what was committed here goes out
    assert subjects(hub)[:2] == [retrain.SUBJECT, "change README.md"]


def test_local_commits_go_along_and_those_that_conflict_are_kept_and_named(hub, here, there, stage):
    here.write("README.md", "mine")
    here.git("commit", "--quiet", "--all", "--message", "my line")
    stage.meanwhile = [lambda: there.push("README.md", "theirs")]
    with pytest.raises(ServiceError, match="change the same lines") as caught:
        retrain.retrain()
    assert "git pull --rebase" in caught.value.fix
    assert subjects(here) == ["my line", "change params"] and here.git("status", "--porcelain") == ""


def test_a_branch_that_is_new_to_the_remote_is_pushed_under_its_own_name(hub, here, stage):
    here.git("switch", "--quiet", "--create", "try")
    assert retrain.retrain() == "the result is on origin/try"
    assert hub.git("log", "-1", "--format=%s", "try") == retrain.SUBJECT


def test_without_a_git_remote_the_result_is_committed_here(here, stage):
    here.git("remote", "remove", "origin")
    assert "committed here" in retrain.retrain()
    assert subjects(here) == [retrain.SUBJECT, "change params"]
    assert retrain.retrain() == "nothing changed"


def test_a_push_that_is_refused_for_good_is_tried_once_and_its_reason_told_without_a_password(hub, here, stage):
    hook = hub.root / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho no entry to https://bob:s3cret@example.org >&2\nexit 1\n")
    hook.chmod(0o755)
    with pytest.raises(ServiceError, match="not because the branch moved") as caught:
        retrain.retrain()
    assert caught.value.exit_code == 6 and "s3cret" not in str(caught.value) and len(stage.runs) == 1
    assert subjects(here)[0] == retrain.SUBJECT


def test_a_hub_that_does_not_answer_ends_it_before_anything_runs(hub, here, stage):
    here.git("remote", "set-url", "origin", str(hub.root / "gone"))
    with pytest.raises(ServiceError, match="git fetch failed"):
        retrain.retrain()
    assert stage.runs == []


def test_a_stage_that_fails_leaves_branch_and_commits_as_they_were(hub, here, monkeypatch, stage):
    def fails(*options: str) -> None:
        raise SystemExit(255)

    monkeypatch.setattr(retrain, "repro", fails)
    with pytest.raises(SystemExit) as caught:
        retrain.retrain()
    assert caught.value.code == 255
    assert subjects(hub) == subjects(here) == ["change params"]


def test_without_a_branch_nothing_runs(here, stage):
    here.git("switch", "--quiet", "--detach")
    with pytest.raises(EnvironmentFault, match="on no branch") as caught:
        retrain.retrain()
    assert caught.value.exit_code == 5 and stage.runs == []


def test_what_is_not_committed_is_not_trained_on(here, stage):
    here.write("params.yaml", "epochs: 9")
    with pytest.raises(EnvironmentFault, match=r"uncommitted changes: params\.yaml") as caught:
        retrain.retrain()
    assert caught.value.exit_code == 5 and stage.runs == []


def test_outside_git_one_line_says_what_to_type(tmp_path, monkeypatch):
    (tmp_path / "unpacked").mkdir()
    monkeypatch.chdir(tmp_path / "unpacked")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    with pytest.raises(EnvironmentFault, match="not a git repository") as caught:
        retrain.retrain()
    assert "git init" in caught.value.fix and caught.value.exit_code == 5


def test_the_cache_goes_out_before_the_commit_that_names_it(hub, exchanged):
    retrain.retrain()
    before = "change params"  # the hub's last commit at each of DVC's exchanges
    assert exchanged == [("pull", "--allow-missing", before), ("push", "--run-cache", before)]
    assert subjects(hub)[0] == retrain.SUBJECT


def test_a_dvc_remote_that_does_not_answer_is_named_and_nothing_is_trained(exchanged, stage, monkeypatch):
    monkeypatch.setattr(retrain, "dvc", lambda *words: 255)
    with pytest.raises(ServiceError, match="dvc pull failed") as caught:
        retrain.retrain()
    assert caught.value.exit_code == 6 and "store" in caught.value.where and stage.runs == []


def test_a_champion_that_nobody_pushed_is_missed_and_not_replaced_unopposed(here, exchanged, stage):
    here.write("dvc.lock", "stages:\n  register:\n    outs:\n    - path: champion\n      md5: a.dir\n")
    with pytest.raises(ServiceError, match="the champion that dvc.lock names") as caught:
        retrain.retrain()
    assert caught.value.exit_code == 6 and "dvc push" in caught.value.fix and stage.runs == []
    (here.root / "champion").mkdir()
    assert retrain.retrain() == "the result is on origin/main"


def test_without_a_dvc_remote_it_is_said_that_nothing_goes_out(here, stage, capsys):
    here.write("dvc.lock", "    - path: champion\n")
    retrain.retrain()
    assert capsys.readouterr().err.startswith("warning: no DVC remote is set")


def test_who_deletes_dvc_lock_begins_anew(hub, here, stage):
    here.git("rm", "--quiet", *RESULT)
    here.git("commit", "--quiet", "--message", "begin anew")
    retrain.retrain()
    assert subjects(hub)[:2] == [retrain.SUBJECT, "begin anew"] and shown(hub, "dvc.lock") == "dvc.lock of epochs: 1"


def test_data_that_dvc_tracks_are_pulled_whole_or_not_used(here, exchanged, stage):
    here.write("data/images.zip.dvc", "outs:")
    here.git("add", "--all")
    here.git("commit", "--quiet", "--message", "data")
    retrain.retrain()
    assert exchanged[0][:2] == ("pull", "data/images.zip.dvc")
