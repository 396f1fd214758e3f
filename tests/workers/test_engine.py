"""What the engine does for a stage whose cluster shares a bucket alone, without a cluster."""

from pathlib import Path

import pytest

from darkroom.runtime.bucket_copy import BucketCopy
from darkroom.workers import engine
from darkroom.workers.ray_cluster import Cluster
from darkroom.workers.ray_place import Place


@pytest.fixture
def copy():
    """That of a stage that is connected to a cluster."""
    copy = BucketCopy("memory://bucket/project")
    token = engine._cluster.set(Cluster(Place("/project"), 1, 1, 0, "127.0.0.1:1", copy))
    yield copy
    engine._cluster.reset(token)


def test_a_state_that_the_bucket_keeps_costs_a_warning_and_not_the_result(copy, monkeypatch, capsys):
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("no\nnot you")

    monkeypatch.setattr(copy._bucket, "rm", refuse)
    engine.forget(Path(".cache/repeat"))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("warning: .cache/repeat stays in the bucket") and line.endswith("memory://bucket/project")
