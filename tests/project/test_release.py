"""What a release gives to a project: the repository's files, which fit the installed library through one link."""

import subprocess
import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from darkroom.project import makefile, release

WHEEL = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
CHANGED = {"Makefile", ".gitignore"}
SAME = [path for path in release.contents() if path not in CHANGED and not Path(release.TEMPLATE, path).exists()]


def test_the_wheel_contains_every_file_that_a_project_gets():
    sources = {*release.COPIED, ".gitignore", "Makefile", release.TEMPLATE}
    folder = Path("darkroom/project") / release.PACKAGED.name
    assert WHEEL["force-include"] == {source: (folder / source).as_posix() for source in sources}


@pytest.mark.parametrize("path", SAME)
def test_a_file_of_a_project_is_the_one_in_the_repository(path):
    assert release.contents()[path] == Path(path).read_bytes()


def test_the_link_to_the_library_is_ignored_by_git_and_all_else_as_in_the_repository():
    text = release.contents()[".gitignore"].decode()
    assert text.removesuffix(f"/{release.LIBRARY}\n") == Path(".gitignore").read_text()


def test_a_project_can_read_the_files_that_every_stage_depends_on():
    """Of code, that is; the link makes the library's folders those of the installed darkroom."""
    stages = YAML(typ="safe").load(release.contents()["dvc.yaml"].decode())["stages"].values()
    deps = {dep for stage in stages for dep in stage["deps"] if dep.startswith(("src/", "pipeline/"))}
    given = {dep for dep in deps if dep in release.contents() or dep.startswith(f"{release.LIBRARY}/")}
    assert deps == given


def test_the_makefile_of_a_project_has_the_targets_for_users_and_make_reads_it(tmp_path):
    (tmp_path / "Makefile").write_bytes(release.contents()["Makefile"])
    (tmp_path / "requirements.in").touch()
    (tmp_path / "requirements.txt").touch()
    for target in ("setup", "run", "test", "ui", "retrain", "use", "clean"):
        done = subprocess.run(["make", "--dry-run", target], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert ("ln -sfn" in done.stdout) == (target != "clean")
    assert "editable" not in (tmp_path / "Makefile").read_text()


@pytest.mark.parametrize("old", [*makefile.REPLACED, "lock: setup\n"])
def test_a_makefile_that_changed_in_a_place_to_replace_is_refused(old):
    with pytest.raises(ValueError, match="0 places"):
        makefile.of_project(Path("Makefile").read_text().replace(old, "other\n"))
