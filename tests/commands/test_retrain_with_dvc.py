"""retrain with git, DVC, a bare git remote and a folder as DVC remote; one stage of a few lines stands for all."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fixtures import signals
from tests.fixtures.programs import PATIENCE, await_line, running

from darkroom.commands import branch, handover, retrain

pytestmark = pytest.mark.slow

PYTHON = sys.executable  # a process of its own, which gets signals; DVC itself runs in `warm_dvc`

STAGE = """
import csv, hashlib, json, pathlib, sys, time
rows = list(csv.reader(open("images.csv")))
if ["broken"] in rows:
    sys.exit(3)
state = pathlib.Path(".dvc/tmp/epochs")
if ["slow", "cat"] in rows and not state.exists():
    try:
        print("training", flush=True)
        time.sleep(600)
    except KeyboardInterrupt:
        state.touch()
        sys.exit(130)
digest = hashlib.sha256(repr(rows).encode()).hexdigest()[:16]
files = {
    "data/manifest.csv": "label,sha256,bad,dropped\\n" + "".join(f"{label},{name},,\\n" for name, label in rows),
    "champion/model": digest,
    "reports/metrics.json": json.dumps({"cnn": {"accuracy": dict(value=len(rows) / 10, low=None, high=None)}}),
    "reports/registration.json": json.dumps(dict(
        name="pets", reason="cnn becomes champion", candidate="cnn", promoted=True, metric="accuracy", n=9,
        scores=dict(challenger=dict(value=0.9, low=0.8, high=0.95), champion=None), champion=dict(digest=digest),
    ), indent=2),
}
for name, text in files.items():
    pathlib.Path(name).parent.mkdir(exist_ok=True)
    pathlib.Path(name).write_text(text)
"""
PIPELINE = f"""
stages:
  work:
    cmd: {PYTHON} work.py
    deps: [images.csv]
    outs:
      - data/manifest.csv
      - champion: {{persist: true}}
      - reports/metrics.json: {{cache: false}}
      - reports/registration.json: {{cache: false}}
"""


class Clone:
    def __init__(self, root: Path):
        self.root = root

    def run(self, *words: str) -> str:
        done = subprocess.run(words, cwd=self.root, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def push_images(self, *rows: str) -> None:
        (self.root / "images.csv").write_text("".join(f"{row}\n" for row in rows))
        self.run("git", "commit", "--quiet", "--all", "--message", "images")
        self.run("git", "push", "--quiet")


@pytest.fixture(scope="module", autouse=True)
def environment(warm_dvc):
    with pytest.MonkeyPatch.context() as patch:
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "test")
            patch.setenv(f"GIT_{role}_EMAIL", "test@example.org")
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        patch.setenv("DVC_NO_ANALYTICS", "1")
        patch.setenv("PATH", f"{Path(PYTHON).parent}{os.pathsep}{os.environ['PATH']}")
        patch.setattr(sys, "executable", str(warm_dvc))
        yield


@pytest.fixture(scope="module")
def pushed(tmp_path_factory) -> Path:
    """A folder of a hub, a DVC remote, and a clone, with a result that was pushed; each test gets a copy."""
    root = tmp_path_factory.mktemp("pushed")
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", root / "hub"], check=True)
    here = cloned(root, "here")
    (here.root / ".dvc").mkdir()
    store = "[core]\n    analytics = false\n    remote = store\n['remote \"store\"']\n    url = ../../store\n"
    files = {".dvc/config": store, "work.py": STAGE, "dvc.yaml": PIPELINE, ".dvc/.gitignore": "/tmp\n/cache\n"}
    files |= {".gitignore": "/data\n/champion\n", "images.csv": "1,cat\n2,cat\n3,dog\n"}
    for name, text in files.items():
        (here.root / name).write_text(text)
    here.run("git", "add", "--all")
    here.run("git", "commit", "--quiet", "--message", "start")
    here.run("git", "push", "--quiet", "--set-upstream", "origin", "main")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here.root)
        assert retrain.retrain() == "the result is on origin/main"
    return root


def cloned(root: Path, name: str) -> Clone:
    subprocess.run(["git", "clone", "--quiet", root / "hub", root / name], check=True, capture_output=True)
    return Clone(root / name)


@pytest.fixture
def hub(pushed, tmp_path) -> Clone:
    shutil.copytree(pushed, tmp_path, symlinks=True, dirs_exist_ok=True)
    return Clone(tmp_path / "hub")


@pytest.fixture
def here(hub, tmp_path, monkeypatch) -> Clone:
    """The clone that retrains, with a result that was pushed."""
    monkeypatch.chdir(tmp_path / "here")
    here = Clone(tmp_path / "here")
    here.run("git", "remote", "set-url", "origin", str(hub.root))
    return here


@pytest.fixture
def clone(hub, tmp_path, monkeypatch):
    def make(name: str) -> Clone:
        monkeypatch.chdir(cloned(tmp_path, name).root)
        return Clone(tmp_path / name)

    return make


def head(hub: Clone) -> str:
    return hub.run("git", "rev-parse", "main")


def test_changed_data_are_retrained_on_pushed_and_summarised_and_unchanged_data_are_not(hub, here, clone):
    here.push_images("2,dog", "4,dog", "5,emu")
    assert retrain.plan() == "would run work and what depends on it, then push the result to origin/main"
    assert retrain.retrain() == "the result is on origin/main"
    assert hub.run("git", "log", "--format=%s", "main").splitlines()[:2] == [branch.SUBJECT, "images"]
    summary = hub.run("git", "show", "main:reports/retrain.md")
    assert "2 images added, 2 removed, 1 relabelled; classes added: emu; classes removed: cat; 3 images now" in summary
    assert "| dog | 1 | 2 | 1 | 1 | 1 |" in summary and "| cnn | Accuracy | 0.300 | 0.300 |" in summary
    before = head(hub)
    assert retrain.retrain() == "nothing changed, so nothing is pushed"
    clone("there")  # a fresh one: it has no data, and needs none to know that
    assert retrain.retrain() == "nothing changed, so nothing is pushed" and not Path("champion").exists()
    assert head(hub) == before


def test_broken_data_end_with_their_exit_code_and_leave_branch_and_champion(hub, here):
    champion = Path("champion/model").read_text()
    here.push_images("broken")
    before = head(hub)
    with pytest.raises(SystemExit) as caught:
        retrain.retrain()
    assert caught.value.code == 3
    assert head(hub) == before and Path("champion/model").read_text() == champion


def test_a_result_is_handed_over_from_a_job_that_writes_nothing_to_one_that_runs_nothing(
    hub, here, clone, tmp_path, monkeypatch
):
    here.push_images("1,cat", "2,cat", "3,dog", "4,dog")
    before, stored = head(hub), sorted((tmp_path / "store").rglob("*"))
    first = clone("first")
    first.run("git", "switch", "--quiet", "--detach")
    assert "the result is in" in handover.train(tmp_path / "result")
    assert head(hub) == before and sorted((tmp_path / "store").rglob("*")) == stored
    assert "1 images added" in (tmp_path / "result/comment.md").read_text()
    here.run("git", "pull", "--quiet")
    (here.root / "README.md").write_text("a line\n")  # somebody pushes meanwhile
    here.run("git", "add", "--all")
    here.run("git", "commit", "--quiet", "--message", "a line")
    here.run("git", "push", "--quiet")
    clone("second")
    monkeypatch.setattr(handover, "repro", lambda *_: pytest.fail("runs the pipeline"))
    assert handover.publish(tmp_path / "result") == "the result is on origin/main"
    assert hub.run("git", "log", "--format=%s", "main").splitlines()[:3] == [branch.SUBJECT, "a line", "images"]
    third = clone("third")
    third.run("dvc", "pull")
    assert (third.root / "champion/model").read_text() == (first.root / "champion/model").read_text()
    assert handover.train(tmp_path / "again") == "nothing changed"
    assert handover.publish(tmp_path / "again") == "nothing changed, so nothing is pushed"


@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])  # the first may be dash, which dies of the signal too
def test_an_interrupted_retraining_leaves_the_branch_and_goes_on_where_it_was(shell, hub, here, monkeypatch):
    monkeypatch.setenv("SHELL", shell)
    here.push_images("slow,cat", "2,dog")
    before = head(hub)
    handle = "signal.signal(signal.SIGINT, signal.default_int_handler)"  # a shell in the background ignores it
    script = f"import signal; {handle}; from darkroom.commands.retrain import retrain; retrain()"
    pipes = {"stdout": subprocess.PIPE, "text": True, "start_new_session": True}
    with running([PYTHON, "-c", script], **pipes) as process:
        await_line(process, "training")
        signals.await_ignored_ctrl_c(process.pid)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(PATIENCE) == 130
    assert head(hub) == before
    assert retrain.retrain() == "the result is on origin/main"
