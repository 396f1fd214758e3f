"""A wrong dvc.yaml, table of folders or params.yaml fails a test: each of these changes fails the test it names."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path.cwd()
TESTS = ("tests/test_architecture.py", "tests/test_leaves.py")
PARTS = ("dvc.yaml", "params.yaml", "pyproject.toml", "pipeline", "src", *TESTS)
SPLIT = "src/darkroom/dataset/split.py"
ARCHITECTURE, LEAVES = TESTS
SABOTAGES = {  # the replacements (file, old, new), and the test that fails
    "dropped dep": (
        [("dvc.yaml", "src/darkroom/dataset, ", "")],
        f"{ARCHITECTURE}::test_a_stage_lists_exactly_the_folders_it_reaches[validate]",
    ),
    "hidden import": (
        [(SPLIT, '"""', '"""Hidden."""\nfrom darkroom.plots import canvas\n"""')],
        f"{ARCHITECTURE}::test_the_table_of_folders_is_the_real_one",
    ),
    "undeclared param": (
        [("dvc.yaml", "[preprocess, validate]", "[validate]")],
        f"{ARCHITECTURE}::test_a_stage_lists_exactly_the_params_it_reads[validate]",
    ),
    "wrong vendor": (
        [(SPLIT, '"""', '"""Wrong vendor."""\nimport mlflow\n"""')],
        f"{ARCHITECTURE}::test_a_vendor_has_one_door[mlflow]",
    ),
    "dropped path": (
        [
            (
                "dvc.yaml",
                "      - data/manifest.csv: {persist: true}  # its last version names the clusters of old images\n",
                "",
            )
        ],
        f"{ARCHITECTURE}::test_a_stage_lists_exactly_the_paths_it_uses[validate]",
    ),
    "written run id": (
        [("pipeline/train.py", "    checkpoint.clear(state)\n", "    checkpoint.clear(run.id)\n")],
        f"{ARCHITECTURE}::test_nothing_that_an_observer_returns_is_written[train]",
    ),
    "params that nobody reads": (  # code reads attributes of these names, but of other objects
        [
            ("params.yaml", "\nevaluate:\n", "\nevaluate:\n  layers: 1\n  shape: 2\n  epochs: 3\n"),
            (
                "src/darkroom/params.py",
                "class Evaluate(Section):\n",
                "class Evaluate(Section):\n    layers: int\n    shape: int\n    epochs: int\n",
            ),
        ],
        f"{LEAVES}::test_every_leaf_of_params_is_read",
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


def verdict(root: Path, *tests: str) -> tuple[int, str]:
    """Return the exit code and the output of the tests in `root`."""
    words = [sys.executable, "-m", "pytest", *tests, "-p", "no:cacheprovider"]
    # without plugins, whose import takes longer than the tests
    env = {**os.environ, "PYTHONPATH": str(root / "src"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(words, cwd=root, env=env, capture_output=True, text=True)
    return done.returncode, done.stdout


def test_an_unchanged_copy_passes(copy):
    assert verdict(copy, *TESTS)[0] == 0


@pytest.mark.parametrize("name", SABOTAGES)
def test_a_sabotage_is_caught(copy, name):
    replacements, test = SABOTAGES[name]
    for file, old, new in replacements:
        replaced(copy / file, old, new)
    code, output = verdict(copy, test)
    assert code == 1
    assert f"FAILED {test}" in output
