"""A store of one's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from darkroom.shipping import store


@pytest.fixture
def mlflow_store(tmp_path, monkeypatch) -> Iterator[Path]:
    """An empty default store below `tmp_path`."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    yield from _forgetful(monkeypatch, f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A function that makes `address` the tracking server."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    opened = []

    def use(address: str) -> Path:
        opened.append(_forgetful(monkeypatch, address, tmp_path))
        return next(opened[-1])

    yield use
    for generator in opened:
        next(generator, None)


def _forgetful(monkeypatch, uri: str, root: Path) -> Iterator[Path]:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    for cached in (store.client, store.experiment):
        cached.cache_clear()
    yield root
    for cached in (store.client, store.experiment):
        cached.cache_clear()
