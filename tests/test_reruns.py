"""Which stages run again when a file of the library is edited: what docs/architecture.md says is what DVC does."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

LIBRARY = "src/darkroom"
TABLE = re.compile(r"^\| `(\w+(?:\.py)?)/?` \| ([^|]*) \|", re.M)
NO_TRAINING = {"commands", "compare", "evaluate", "metrics", "mlflow_client", "plots", "register", "report", "tracking"}
STAGES = set(YAML(typ="safe").load(Path("dvc.yaml").read_text())["stages"])
TRAINING = {"tune", "train", "transfer", "curve", "repeat"}


def promised() -> dict[str, set[str]]:
    """The stages of each folder, or module outside of any, in the table of docs/architecture.md."""
    page = Path("docs/architecture.md").read_text()
    return {
        name: STAGES if stages == "all" else set(re.findall(r"\w+", stages)) - {"none"}
        for name, stages in TABLE.findall(page)
    }


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("copy")
    tracked = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.splitlines()
    for name in [name for name in tracked if not name.startswith(("tests/", "docs/"))]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(name, root / name)
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    return root


def changed(root: Path, python: Path) -> dict[str, set[str]]:
    """What of the library `dvc status` calls modified, by stage."""
    dvc = [python, "-m", "dvc", "status", "--json"]
    env = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    stages = json.loads(subprocess.run(dvc, cwd=root, env=env, capture_output=True, text=True, check=True).stdout)
    return {
        stage.partition("@")[0]: {
            Path(name).name
            for entry in entries
            if isinstance(entry, dict)
            for name, state in entry.get("changed deps", {}).items()
            if state == "modified" and name.startswith(LIBRARY)
        }
        for stage, entries in stages.items()
    }


def units(root: Path) -> dict[str, Path]:
    """A file of each folder of the library, and each module that lies in none."""
    folders = {path.name: min(path.glob("*.py")) for path in (root / LIBRARY).iterdir() if any(path.glob("*.py"))}
    return folders | {path.name: path for path in (root / LIBRARY).glob("*.py") if path.name != "__init__.py"}


def test_an_edit_reruns_the_stages_that_the_architecture_page_promises(copy, warm_dvc):
    assert set.union(*changed(copy, warm_dvc).values(), set()) == set()
    for path in units(copy).values():
        path.write_text(path.read_text() + "\n# edited\n")
    modified = changed(copy, warm_dvc)
    reruns = {name: {stage for stage, deps in modified.items() if name in deps} for name in units(copy)}
    assert reruns == promised()


def test_what_python_leaves_behind_is_no_edit(copy, warm_dvc):
    before = changed(copy, warm_dvc)
    for folder in [path for path in (copy / LIBRARY).iterdir() if path.is_dir()]:
        (folder / "__pycache__").mkdir(exist_ok=True)
        (folder / "__pycache__/module.cpython-311.pyc").write_bytes(b"code")
    assert changed(copy, warm_dvc) == before


def test_no_edit_of_a_figure_metric_report_or_tracking_file_trains():
    stages = promised()
    assert {name for name in NO_TRAINING & stages.keys() if stages[name] & TRAINING} == set()
    assert not stages["validate"] & TRAINING
