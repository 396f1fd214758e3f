"""A store of one's own."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from darkroom.shipping import store


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory) -> Path:
    """A database with MLflow's tables and nothing in them: to make one takes seconds, so it is made once and copied."""
    path = tmp_path_factory.mktemp("empty") / "mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        for _ in _forgetful(patch, f"sqlite:///{path}", path.parent):
            store.client()
    return path


@pytest.fixture
def mlflow_store(tmp_path, monkeypatch, empty_database) -> Iterator[Path]:
    """An empty default store below `tmp_path`."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    shutil.copy(empty_database, tmp_path)
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
    for thread in threading.enumerate():
        if thread.name == "outbox":  # one that a test left behind would deliver to the store of the next test
            thread.join(30)
    for cached in (store.client, store.experiment):
        cached.cache_clear()
