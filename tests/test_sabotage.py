"""Whoever makes dvc.yaml or the import table lie is caught: each lie fails tests/test_architecture.py."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path.cwd()
PARTS = ("dvc.yaml", "params.yaml", "pyproject.toml", "pipeline", "src", "tests/test_architecture.py")


@pytest.fixture
def copy(tmp_path) -> Path:
    for part in PARTS:
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (HERE / part).is_dir() else shutil.copy)(HERE / part, tmp_path / part)
    return tmp_path


def replaced(path: Path, old: str, new: str) -> None:
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def verdict(root: Path) -> tuple[int, str]:
    """The exit code and the output of the architecture test in `root`."""
    words = [sys.executable, "-m", "pytest", "tests/test_architecture.py", "-p", "no:cacheprovider"]
    done = subprocess.run(
        words, cwd=root, env={**os.environ, "PYTHONPATH": str(root / "src")}, capture_output=True, text=True
    )
    return done.returncode, done.stdout


def test_the_honest_copy_passes(copy):
    assert verdict(copy)[0] == 0


@pytest.mark.parametrize(
    ("file", "old", "new", "caught"),
    [
        ("dvc.yaml", "      - src/darkroom/data/split.py\n", "", "lists_exactly_the_code_it_reaches[validate]"),
        ("src/darkroom/data/split.py", '"""', '"""Hidden."""\nfrom darkroom import engine\n"""', "import_table"),
        ("dvc.yaml", "      - seed\n", "", "lists_exactly_the_params_it_reads[validate]"),
        ("src/darkroom/data/split.py", '"""', '"""Wrong door."""\nimport mlflow\n"""', "one_door[mlflow]"),
        ("params.yaml", "\nevaluate:\n", "\nevaluate:\n  colour_of_the_sky: blue\n", "every_leaf_of_params"),
        ("dvc.yaml", "      - data/manifest.csv\n", "", "exactly_the_places_it_touches"),
        (
            "pipeline/train.py",
            "    fit.forget(waiting)\n",
            "    fit.forget(run.id)\n",
            "observer_returns_is_written[train]",
        ),
    ],
    ids=[
        "dropped dep",
        "hidden import",
        "undeclared param",
        "wrong vendor",
        "unread params key",
        "dropped place",
        "written run id",
    ],
)
def test_a_lie_is_caught(copy, file, old, new, caught):
    replaced(copy / file, old, new)
    code, said = verdict(copy)
    assert code == 1
    assert caught in said
