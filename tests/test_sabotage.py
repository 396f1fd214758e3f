"""Whoever makes dvc.yaml, the import table or params.yaml lie is caught: each lie fails the test that is named."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path.cwd()
TESTS = ("tests/test_architecture.py", "tests/test_leaves.py")
PARTS = ("dvc.yaml", "params.yaml", "pyproject.toml", "pipeline", "src", *TESTS)
SPLIT = "src/darkroom/data/split.py"
LIES = {  # the replacements (file, old, new), and the test that fails
    "dropped dep": ([("dvc.yaml", f"      - {SPLIT}\n", "")], "lists_exactly_the_code_it_reaches[validate]"),
    "hidden import": ([(SPLIT, '"""', '"""Hidden."""\nfrom darkroom import engine\n"""')], "import_table"),
    "undeclared param": ([("dvc.yaml", "      - seed\n", "")], "lists_exactly_the_params_it_reads[validate]"),
    "wrong vendor": ([(SPLIT, '"""', '"""Wrong door."""\nimport mlflow\n"""')], "one_door[mlflow]"),
    "dropped place": ([("dvc.yaml", "      - data/manifest.csv\n", "")], "exactly_the_places_it_touches"),
    "written run id": (
        [("pipeline/train.py", "    fit.forget(waiting)\n", "    fit.forget(run.id)\n")],
        "observer_returns_is_written[train]",
    ),
    "params that nobody reads": (  # each is asked of something else somewhere, so its name alone tells nothing
        [
            ("params.yaml", "\nevaluate:\n", "\nevaluate:\n  layers: 1\n  shape: 2\n  epochs: 3\n"),
            (
                "src/darkroom/params.py",
                "class Evaluate(Section):\n",
                "class Evaluate(Section):\n    layers: int\n    shape: int\n    epochs: int\n",
            ),
        ],
        "every_leaf_of_params_is_read",
    ),
}


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
    """The exit code and the output of the tests in `root`."""
    words = [sys.executable, "-m", "pytest", *TESTS, "-p", "no:cacheprovider"]
    done = subprocess.run(
        words, cwd=root, env={**os.environ, "PYTHONPATH": str(root / "src")}, capture_output=True, text=True
    )
    return done.returncode, done.stdout


def test_the_honest_copy_passes(copy):
    assert verdict(copy)[0] == 0


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_caught(copy, lie):
    replacements, caught = LIES[lie]
    for file, old, new in replacements:
        replaced(copy / file, old, new)
    code, said = verdict(copy)
    assert code == 1
    assert any(caught in line for line in said.splitlines() if line.startswith("FAILED"))
