"""Power cuts: whatever stage they fall into, the next `dvc repro` ends where an undisturbed one ends."""

import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from ruamel.yaml import YAML

from darkroom import files

pytestmark = pytest.mark.slow

HERE = Path.cwd()
PARTS = ("dvc.yaml", "params.yaml", "pipeline", "src", ".dvc/config", ".dvcignore", ".gitignore")
OUTS = ("data/images", "data/manifest.csv", "data/packed", "reports/validation.json", "reports/quarantine.csv")
PATIENCE = 60  # seconds until a stage is in its middle
MIDDLE = {  # what is there when a stage has begun and not ended
    "ingest": "data/images.partial-*/.unpacked/a/*",
    "validate": ".cache/facts/*.log",
    "preprocess": "data/packed.partial-*/train/images.npy",
}

OUT = {"ingest": "data/images", "validate": "data/manifest.csv", "preprocess": "data/packed"}


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("killed")
    for part in PARTS:
        (root / part).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (HERE / part).is_dir() else shutil.copy)(HERE / part, root / part)
    archive(root / "data/raw/noise.zip")
    yaml = YAML()
    values = yaml.load((root / "params.yaml").read_text())
    values["dataset"]["archive"] = "data/raw/noise.zip"
    yaml.dump(values, root / "params.yaml")
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    return root


@pytest.fixture(scope="module")
def undisturbed(root) -> dict:
    assert repro(root, "preprocess").wait() == 0
    return outs(root)


def archive(path: Path) -> None:
    path.parent.mkdir(parents=True)
    random = np.random.default_rng(1)
    with zipfile.ZipFile(path, "w") as pictures:
        for number in range(3000):
            data = BytesIO()
            Image.fromarray(random.integers(0, 256, (32, 32), np.uint8)).save(data, "PNG")
            pictures.writestr(f"{'ab'[number % 2]}/{number}.png", data.getvalue())


def repro(root: Path, *words: str) -> subprocess.Popen:
    binaries = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": binaries, "PYTHONPATH": str(root / "src"), "DVC_NO_ANALYTICS": "1"}
    words = ["dvc", "repro", *words]
    return subprocess.Popen(words, cwd=root, env=env, stdout=subprocess.DEVNULL, start_new_session=True)


def outs(root: Path) -> dict[str, str]:
    """SHA-256 of each file that the three stages leave, other than the data docs, which carry the time."""
    found = [path for out in OUTS for path in (files.below(root / out) if (root / out).is_dir() else [root / out])]
    return {path.relative_to(root).as_posix(): files.sha256(path) for path in found}


def killed_in(stage: str, root: Path) -> None:
    family = repro(root, "--force", "--single-item", stage)
    end = time.monotonic() + PATIENCE
    while not any(path.stat().st_size for path in root.glob(MIDDLE[stage])):
        assert family.poll() is None and time.monotonic() < end, f"{stage} was over before it was seen"
    os.killpg(family.pid, signal.SIGKILL)
    assert family.wait() == -signal.SIGKILL


@pytest.mark.parametrize("stage", MIDDLE)
def test_a_killed_stage_leaves_nothing_half_and_the_next_run_ends_as_an_undisturbed_one(root, undisturbed, stage):
    shutil.rmtree(root / ".cache", ignore_errors=True)
    killed_in(stage, root)
    assert not (root / OUT[stage]).exists()
    assert repro(root, "--force", "--single-item", stage).wait() == 0  # else DVC takes the outs from its own cache
    assert outs(root) == undisturbed
    assert not list(root.rglob("*.partial-*"))
