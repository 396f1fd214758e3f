"""handover: what the job that decodes images leaves is published only if a retraining makes it; without DVC."""

import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest

from darkroom.commands import branch, handover, repository
from darkroom.commands.repository import git_output
from darkroom.runtime.errors import ArtifactError, EnvironmentFault, ServiceError

MODEL = b"a model"
OBJECT = hashlib.md5(MODEL).hexdigest()
POINTER = "deps:\n- path: https://example.org/x.zip\n  checksum: '1'\n  size: 3\nouts:\n- md5: aa\n  path: x.zip\n"


@pytest.fixture(autouse=True)
def clone(tmp_path, monkeypatch) -> Path:
    """The current folder: a clone of a bare repository, whose results are those of its params."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    hub, clone = tmp_path / "hub", tmp_path / "clone"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", hub], check=True)
    subprocess.run(["git", "clone", "--quiet", hub, clone], check=True, capture_output=True)
    monkeypatch.chdir(clone)
    Path("reports").mkdir()
    for name in ("dvc.lock", "reports/metrics.json", "reports/gone.md", "pipeline.py"):
        Path(name).write_text("old")
    Path("x.zip.dvc").write_text(POINTER)
    Path(".gitignore").write_text("/.dvc\n")
    commit_and_push("start")
    return clone


@pytest.fixture(autouse=True)
def pushed(monkeypatch) -> list[str]:
    """The objects in DVC's cache at each push of DVC, which is a stand-in."""
    pushes: list[str] = []
    cache = Path(".dvc/cache/files/md5").absolute()
    monkeypatch.setattr(repository, "dvc_output", lambda *words: "store" if words[0] == "config" else ".dvc/cache")
    monkeypatch.setattr(handover, "exchange", lambda *words, remote: pushes.extend(map(str, handover._objects(cache))))
    return pushes


@pytest.fixture
def result(tmp_path) -> Path:
    """What a training left: new results, one of them gone, and an object."""
    folder = tmp_path / "result"
    contents = {
        "base.json": json.dumps({"commit": head(), "gone": ["reports/gone.md"]}).encode(),
        "files/dvc.lock": b"new",
        "files/reports/metrics.json": b"new",
        f"objects/{OBJECT[:2]}/{OBJECT[2:]}": MODEL,
    }
    for name, data in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def commit_and_push(message: str) -> None:
    git_output("add", "--all")
    git_output("commit", "--quiet", "--message", message)
    git_output("push", "--quiet", "--set-upstream", "origin", "main")


def head() -> str:
    return git_output("ls-remote", "origin", "refs/heads/main").split()[0]


def test_files_and_objects_are_published_and_what_is_gone_is_removed(result, pushed):
    assert handover.publish(result) == "the result is on origin/main"
    assert pushed == [f"{OBJECT[:2]}/{OBJECT[2:]}"]
    assert git_output("log", "-1", "--format=%s", "origin/main") == branch.SUBJECT
    assert git_output("diff", "--name-status", "origin/main~1", "origin/main").splitlines() == [
        "M\tdvc.lock",
        "D\treports/gone.md",
        "M\treports/metrics.json",
    ]


def test_a_new_version_of_imported_data_is_published_with_its_result(result):
    (result / "files/x.zip.dvc").write_text(POINTER.replace("aa", "bb").replace("'1'", "'2'"))
    handover.publish(result)
    assert "bb" in git_output("show", "origin/main:x.zip.dvc")


def _script(folder: Path) -> None:
    (folder / "files/pipeline.py").write_text("print()")


def _hook(folder: Path) -> None:
    (folder / "files/.git/hooks").mkdir(parents=True)
    (folder / "files/.git/hooks/pre-push").write_text("#!/bin/sh")


def _link(folder: Path) -> None:
    (folder / "files/reports/passwd").symlink_to("/etc/passwd")


def _linked_folder(folder: Path) -> None:
    (folder / "files/reports/etc").symlink_to("/etc")


def _other_object(folder: Path) -> None:
    (folder / f"objects/{OBJECT[:2]}/{OBJECT[2:]}").write_text("another model")


def _outside_the_cache(folder: Path) -> None:
    (folder / "objects/config").write_text("[core]")


def _pointer_to_elsewhere(folder: Path) -> None:
    (folder / "files/x.zip.dvc").write_text(POINTER.replace("example.org", "evil.org"))


def _new_pointer(folder: Path) -> None:
    (folder / "files/new.dvc").write_text(POINTER)


def _removal(folder: Path) -> None:
    (folder / "base.json").write_text(json.dumps({"commit": head(), "gone": ["reports/../pipeline.py"]}))


TAMPERED = [_script, _hook, _link, _linked_folder, _other_object, _outside_the_cache, _pointer_to_elsewhere]


@pytest.mark.parametrize("tamper", [*TAMPERED, _new_pointer, _removal])
def test_what_no_retraining_makes_is_not_published(result, pushed, tamper):
    before = head()
    tamper(result)
    with pytest.raises(ArtifactError) as caught:
        handover.publish(result)
    assert caught.value.exit_code == 4 and head() == before and pushed == []
    assert git_output("status", "--porcelain") == ""


def test_a_result_does_not_replace_another_that_came_meanwhile(result, pushed):
    Path("dvc.lock").write_text("of somebody else")
    commit_and_push("another result")
    before = head()
    with pytest.raises(ServiceError, match="other results") as caught:
        handover.publish(result)
    assert caught.value.exit_code == 6 and head() == before and pushed == []


def test_a_commit_that_others_push_meanwhile_stays_below_the_result(result):
    Path("README.md").write_text("a line")
    commit_and_push("a line")
    handover.publish(result)
    assert git_output("log", "-2", "--format=%s", "origin/main").splitlines() == [branch.SUBJECT, "a line"]


def test_without_a_change_nothing_is_published(result, pushed):
    before = head()
    for name in ("dvc.lock", "reports/metrics.json"):
        (result / "files" / name).unlink()
    assert handover.publish(result) == "nothing changed, so nothing is pushed"
    assert head() == before and pushed == []


def test_a_folder_that_exists_is_not_overwritten(result):
    with pytest.raises(EnvironmentFault, match="exists already"):
        handover.train(result)
