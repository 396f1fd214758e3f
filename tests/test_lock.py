"""The committed dvc.lock belongs to the committed code: in a fresh clone `dvc status` reports no change."""

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
def test_the_lock_has_the_digests_of_the_files_in_git(stage):
    """Code, and the small outs that git holds. The outs that DVC caches, such as times, are those of the last run."""
    entries = {entry["path"]: entry["md5"] for entry in [*LOCK[stage]["deps"], *LOCK[stage].get("outs", [])]}
    in_git = [path for path in entries if any(f"{name}/".startswith(f"{path}/") for name in IN_GIT)]
    assert [path for path in in_git if entries[path] != _md5(Path(path))] == []


@pytest.mark.parametrize("stage", LOCK)
def test_the_lock_has_the_committed_params(stage):
    locked = params.flat(LOCK[stage].get("params", {}).get("params.yaml", {}))
    assert locked == {leaf: PARAMS[leaf] for leaf in locked}


def _md5(path: Path) -> str:
    """Return the digest as DVC computes it: of a file's bytes, or of the list of a folder's files."""
    if path.is_file():
        return md5(path.read_bytes()).hexdigest()
    files = sorted(p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    listing = [{"md5": _md5(file), "relpath": file.relative_to(path).as_posix()} for file in files]
    return md5(json.dumps(listing, sort_keys=True).encode()).hexdigest() + ".dir"
