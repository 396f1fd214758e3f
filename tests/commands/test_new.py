"""new and upgrade: a project that DVC can run, follows a release, and loses nothing that its owner wrote."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from darkroom import params
from darkroom.commands import new, repository, upgrade
from darkroom.project import current, library_link, record, release, requirement
from darkroom.runtime.errors import EnvironmentFault, ParamsError

MADE = (
    "data/images",
    "data/manifest.csv",
    "data/packed",
    "data/repeats.csv",
    "data/start",
    "models",
    "reports/",
)  # by stages


@pytest.fixture
def project(tmp_path) -> Path:
    """A new project in a folder with a space in its name."""
    new.new(tmp_path / "my project")
    return tmp_path / "my project"


@pytest.fixture
def next_release(monkeypatch):
    """A function that makes the installed release have these files too; None takes one away."""
    contents = release.contents()

    def install(**changed: str | None) -> None:
        merged = contents | {path: text and text.encode() for path, text in changed.items()}
        monkeypatch.setattr(release, "contents", lambda: {p: data for p, data in merged.items() if data is not None})

    return install


def test_a_new_project_is_ready_to_commit(project):
    status = repository.git("-C", str(project), "status", "--porcelain").stdout.splitlines()
    assert status and {line[:2] for line in status} == {"A "}
    staged = {line[3:].strip('"') for line in status}
    own = {record.FILE, "README.md", "data/raw/digits.zip", "params.yaml", requirement.FILE}
    assert staged == own | release.contents().keys()
    assert "# my project\n" in (project / "README.md").read_text()


def test_a_new_project_has_valid_params_and_its_images(project):
    p = params.load(project / "params.yaml")
    assert (project / p.dataset.archive).read_bytes() == Path("data/raw/digits.zip").read_bytes()


def test_dvc_finds_all_that_no_stage_makes_in_a_new_project(project):
    """Code through the link, the archive and the folder of weights; what stages make does not exist yet."""
    env = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    words = [sys.executable, "-m", "dvc", "status", "--json"]
    done = subprocess.run(words, cwd=project, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    missing = {
        path
        for stage in json.loads(done.stdout).values()
        for entry in stage
        for path, state in entry.get("changed deps", {}).items()
        if state == "deleted"
    }
    assert missing == {path for path in missing if path.startswith(MADE)}
    assert {"data/images", "models"} <= missing


def test_a_project_in_a_git_repository_starts_no_other(tmp_path):
    repository.git_output("init", "--quiet", str(tmp_path))
    new.new(tmp_path / "inside")
    assert not (tmp_path / "inside/.git").exists()
    assert "A  inside/dvc.yaml" in repository.git("-C", str(tmp_path), "status", "--porcelain").stdout


@pytest.mark.parametrize("name", ["folder", "folder/file"])
def test_a_folder_with_something_in_it_stays_as_it_is(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file").write_text("mine")
    with pytest.raises(ParamsError, match="empty folder") as caught:
        new.new(tmp_path / name)
    assert caught.value.code == "E_NOT_EMPTY"
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["file"]


def test_a_library_link_that_points_elsewhere_is_corrected_and_a_copy_of_the_library_stays(project):
    link = project / release.LIBRARY
    link.unlink()
    link.symlink_to(project / "gone")
    current.prepare(project)
    assert link.resolve() == library_link.INSTALLED.resolve()
    link.unlink()
    link.mkdir()
    current.prepare(project)
    assert not link.is_symlink()


def test_a_release_without_changes_upgrades_nothing(project):
    assert upgrade.upgrade(project) == ([], [], [])


def test_an_upgrade_follows_the_release_and_keeps_what_the_owner_edited_or_deleted(project, next_release):
    for name in ("Makefile", "pipeline/tune.py"):
        (project / name).write_text("mine")
    (project / ".vscode/extensions.json").unlink()
    next_release(
        **{"dvc.yaml": "next", "Makefile": "next", "pipeline/added.py": "next", ".vscode/extensions.json": "next"},
        **{"pipeline/labels.py": None},
    )
    done = upgrade.upgrade(project)
    assert done == (["dvc.yaml", "pipeline/added.py"], ["pipeline/labels.py"], ["Makefile"])
    assert {(project / name).read_text() for name in ("dvc.yaml", "Makefile.new")} == {"next"}
    assert {(project / name).read_text() for name in ("Makefile", "pipeline/tune.py")} == {"mine"}
    assert not (project / "pipeline/labels.py").exists() and not (project / ".vscode/extensions.json").exists()
    current.require(project)
    assert upgrade.upgrade(project) == ([], [], [])


def test_an_upgrade_leaves_params_readme_and_data_to_the_owner(project):
    owned = ("params.yaml", "README.md", "data/raw/digits.zip")
    for name in owned:
        (project / name).write_text("mine")
    upgrade.upgrade(project)
    assert {(project / name).read_text() for name in owned} == {"mine"}


def test_a_project_of_another_release_does_not_run(project, next_release):
    next_release(**{"pipeline/tune.py": "next"})
    with pytest.raises(EnvironmentFault, match="another darkroom") as caught:
        current.prepare(project)
    assert caught.value.code == "E_RELEASE" and "darkroom upgrade" in caught.value.fix
    upgrade.upgrade(project)
    current.prepare(project)


def test_the_repository_of_darkroom_is_no_project(tmp_path):
    current.prepare(Path())
    assert not record.is_project(Path())
    with pytest.raises(EnvironmentFault, match="no project"):
        upgrade.upgrade(tmp_path)


def test_a_stage_of_another_release_stops_before_its_work_in_one_line(project):
    record.write(project, record.Record("0.0.1", {}))
    words = [sys.executable, "-m", "pipeline.ingest"]
    done = subprocess.run(words, cwd=project, capture_output=True, text=True)
    assert done.returncode == 5 and done.stderr.count("\n") == 1 and "error[E_RELEASE]" in done.stderr
    assert not (project / "data/images").exists()


def test_the_tests_of_a_new_project_pass_and_those_of_results_wait_for_the_first_run(project):
    words = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider"]
    done = subprocess.run(words, cwd=project, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("does not exist yet: make run") == 2 and "/src/darkroom/" not in done.stdout
