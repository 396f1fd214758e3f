"""Whatever `python` is first in PATH, a stage runs in the environment of `make setup`, or fails with one line."""

import os
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

PIPELINE = YAML(typ="safe").load(Path("dvc.yaml").read_text())
(PYTHON,) = [var["python"] for var in PIPELINE["vars"]]
HERE = Path.cwd()


def test_the_environment_in_the_repository_precedes_path_even_with_spaces_in_its_name(tmp_path):
    for name, folder in (("wrong", "else where"), ("right", "reposi tory é/.venv/bin")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "python").write_text(f"#!/bin/sh\necho {name} $*\n")
        (tmp_path / folder / "python").chmod(0o755)
    path = {**os.environ, "PATH": f"{tmp_path / 'else where'}:{os.environ['PATH']}"}
    shell = ["/bin/sh", "-c", f"{PYTHON} -m pipeline.ingest"]
    for folder, name in (("reposi tory é", "right"), ("else where", "wrong")):
        done = subprocess.run(shell, cwd=tmp_path / folder, env=path, capture_output=True, text=True)
        assert done.stdout == f"{name} -m pipeline.ingest\n", done.stderr


def test_a_python_without_darkroom_prints_the_command_to_run():
    words = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(HERE)!r}); import pipeline.ingest"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 5 and done.stderr.count("\n") == 1
    assert "no darkroom" in done.stderr and "make setup" in done.stderr
