"""libraries: a missing one is reported in one line, before any work, with exit code 5."""

import subprocess
import sys

import pytest

from darkroom.runtime import libraries

HIDDEN = """
import runpy, sys
sys.modules["{0}"] = None
runpy.run_module("pipeline.{1}", run_name="__main__")
"""


@pytest.mark.parametrize(("library", "stage"), [("numpy", "tune"), ("pydantic", "train"), ("numpy", "register")])
def test_a_stage_without_one_of_its_libraries_is_exit_5_in_one_line(library, stage):
    done = subprocess.run([sys.executable, "-c", HIDDEN.format(library, stage)], capture_output=True, text=True)
    assert done.returncode == 5 and done.stdout == ""
    assert done.stderr.startswith("error[E_LIBRARY] ") and done.stderr.count("\n") == 1
    assert library in done.stderr and "fix: run `make setup`" in done.stderr


def test_another_exception_is_printed_as_python_does(capsys):
    libraries.report_import_error(ValueError, ValueError("a bug"), None)
    assert capsys.readouterr().err == "ValueError: a bug\n"


def test_debug_shows_where_it_was_imported(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["tune.py", "--debug"])
    with pytest.raises(SystemExit) as left:
        libraries.report_import_error(ImportError, ImportError("no tensorboard"), None)
    assert left.value.code == 5 and "ImportError: no tensorboard\nerror[E_LIBRARY]" in capsys.readouterr().err
