"""Power cuts: whatever stage they fall into, the next `dvc repro` ends where an undisturbed one ends."""

import os
import shutil
import signal
import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from ruamel.yaml import YAML
from tests.fixtures.programs import PATIENCE

from darkroom.runtime import files

pytestmark = pytest.mark.slow

HERE = Path.cwd()
PYTHON = Path(sys.executable)  # what is killed: a process of its own, whose group is its own
PARTS = ("dvc.yaml", "params.yaml", "pipeline", "src", ".dvc/config", ".dvcignore", ".gitignore")
OUTS = (
    "data/images",
    "data/manifest.csv",
    "data/packed",
    "reports/validation.json",
    "reports/quarantine.csv",
    "reports/dropped.csv",
)
MIDDLE = {  # what is opened when a stage has begun and not ended
    "ingest": "*data/images.partial-*/000000.csv",
    "validate": "*.cache/facts/*.log",
    "preprocess": "*data/packed.partial-*/val/*.npy",
}
# Python runs sitecustomize in every process before all else: whichever opens the file takes the whole group with it
ASSASSIN = """
import fnmatch, os, signal, sys

def hook(event, args, pattern=os.environ.get("KILL_AT_OPEN_OF")):
    if pattern and event == "open" and not isinstance(args[0], int):
        if fnmatch.fnmatch(os.fsdecode(args[0]), pattern):
            os.killpg(0, signal.SIGKILL)

sys.addaudithook(hook)
"""

OUT = {"ingest": "data/images", "validate": "reports/validation.json", "preprocess": "data/packed"}


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    """A project whose path has a space, letters beyond ASCII, and a link in it."""
    home = tmp_path_factory.mktemp("killed")
    (home / "a b é 猫").mkdir()
    root = home / "link"
    root.symlink_to(home / "a b é 猫")
    for part in PARTS:
        (root / part).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (HERE / part).is_dir() else shutil.copy)(HERE / part, root / part)
    archive(root / "data/raw/noise.zip")
    yaml = YAML()
    values = yaml.load((root / "params.yaml").read_text())
    values["dataset"]["archive"] = "data/raw/noise.zip"
    yaml.dump(values, root / "params.yaml")
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    (root / "assassin").mkdir()
    (root / "assassin" / "sitecustomize.py").write_text(ASSASSIN)
    return root


@pytest.fixture(scope="module")
def undisturbed(root, warm_python) -> dict:
    assert repro(root, "preprocess", python=warm_python).wait(PATIENCE) == 0
    return outs(root)


def archive(path: Path) -> None:
    path.parent.mkdir(parents=True)
    random = np.random.default_rng(1)
    with zipfile.ZipFile(path, "w") as images:
        for number in range(600):
            data = BytesIO()
            Image.fromarray(random.integers(0, 256, (32, 32), np.uint8)).save(data, "PNG")
            images.writestr(f"{'ab'[number % 2]}/{number}.png", data.getvalue())


def repro(root: Path, *words: str, python: Path = PYTHON, kill_at: str = "") -> subprocess.Popen:
    """Start `dvc repro` with the `dvc` and the `python` beside `python`."""
    binaries = f"{python.parent}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": binaries, "PYTHONPATH": f"{root / 'assassin'}:{root / 'src'}", "DVC_NO_ANALYTICS": "1"}
    env["KILL_AT_OPEN_OF"] = kill_at
    words = ["dvc", "repro", *words]
    return subprocess.Popen(words, cwd=root, env=env, stdout=subprocess.DEVNULL, start_new_session=True)


def outs(root: Path) -> dict[str, str]:
    """SHA-256 of each file that the three stages leave, other than the data docs, which carry the time."""
    paths = [path for out in OUTS for path in (files.below(root / out) if (root / out).is_dir() else [root / out])]
    return {path.relative_to(root).as_posix(): files.sha256(path) for path in paths}


def killed_in(stage: str, root: Path) -> None:
    family = repro(root, "--force", "--single-item", stage, kill_at=MIDDLE[stage])
    assert family.wait(PATIENCE) == -signal.SIGKILL, f"{stage} opened no {MIDDLE[stage]}"


@pytest.mark.parametrize("stage", MIDDLE)
def test_a_killed_stage_leaves_nothing_half_and_the_next_run_ends_as_an_undisturbed_one(
    root, undisturbed, warm_python, stage
):
    shutil.rmtree(root / ".cache", ignore_errors=True)
    killed_in(stage, root)
    assert not (root / OUT[stage]).exists()
    again = repro(root, "--force", "--single-item", stage, python=warm_python)  # else DVC takes the outs from its cache
    assert again.wait(PATIENCE) == 0
    assert outs(root) == undisturbed
    assert not list(root.rglob("*.partial-*"))
