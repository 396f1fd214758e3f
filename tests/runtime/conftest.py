"""The fixtures of these tests."""

import sys
from collections.abc import Callable

import pytest
from tests.fixtures.buckets import *

from darkroom.runtime import errors


@pytest.fixture
def guarded(monkeypatch, capsys):
    """A function that runs a failing `main` under `errors.guard`, as a stage with these words: `(code, stderr)`."""

    def run(main: Callable[..., None], *words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["stage", *words])
        for stream in (sys.stdout, sys.stderr):
            monkeypatch.setattr(stream, "reconfigure", lambda **_: None, raising=False)
        with pytest.raises(SystemExit) as exit:
            errors.guard(main)
        return exit.value.code, capsys.readouterr().err

    return run
