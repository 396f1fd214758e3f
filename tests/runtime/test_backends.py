"""backends: what is set for TensorFlow and JAX, and that a user's own choice stays."""

import os
from pathlib import Path

import pytest

from darkroom.runtime import backends

VARIABLES = (backends.ONEDNN, backends.JAX_CACHE, backends.JAX_CACHE_FROM)


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    for name in VARIABLES:
        monkeypatch.setenv(name, "")  # so that it is restored
        monkeypatch.delenv(name)


def configure() -> list[str]:
    backends.use_onednn()
    backends.keep_compiled(Path("cache/jax"))
    return [os.environ[name] for name in VARIABLES]


def test_tensorflow_computes_with_onednn_and_jax_keeps_programs_wherever_a_process_works():
    assert configure() == ["1", str(Path.cwd() / "cache/jax"), backends.JAX_KEPT]


def test_what_the_user_set_stays(monkeypatch):
    for name in VARIABLES:
        monkeypatch.setenv(name, "0")
    assert configure() == ["0", "0", "0"]
