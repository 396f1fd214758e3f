"""The committed dvc.lock belongs to the committed code: in a fresh clone `dvc status` calls nothing changed."""

import json
import subprocess
from hashlib import md5
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from darkroom import params

LOCK = YAML(typ="safe").load(Path("dvc.lock").read_text())["stages"]
PARAMS = params.flat(YAML(typ="safe").load(Path("params.yaml").read_text()))
IN_GIT = subprocess.run(["git", "ls-files"], capture_output=True, text=True).stdout.splitlines()


@pytest.mark.parametrize("stage", LOCK)
def test_the_lock_has_what_the_files_in_git_are(stage):
    """Code, and the small outs that git holds. What DVC keeps, times among it, is that of the last run here."""
    known = [*LOCK[stage]["deps"], *LOCK[stage].get("outs", [])]
    there = [each for each in known if any(f"{name}/".startswith(f"{each['path']}/") for name in IN_GIT)]
    assert [each["path"] for each in there if each["md5"] != _md5(Path(each["path"]))] == []


@pytest.mark.parametrize("stage", LOCK)
def test_the_lock_has_the_params_of_today(stage):
    locked = params.flat(LOCK[stage].get("params", {}).get("params.yaml", {}))
    assert locked == {leaf: PARAMS[leaf] for leaf in locked}


def _md5(path: Path) -> str:
    """As DVC computes it: of a file's bytes, or of the list of a folder's files."""
    if path.is_file():
        return md5(path.read_bytes()).hexdigest()
    inside = sorted(p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    listing = [{"md5": _md5(each), "relpath": each.relative_to(path).as_posix()} for each in inside]
    return md5(json.dumps(listing, sort_keys=True).encode()).hexdigest() + ".dir"
