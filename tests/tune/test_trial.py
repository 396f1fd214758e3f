"""Each worker of a search gets its GPU, and a part of it where several share one."""

import os

import pytest
from tests.fixtures.defaults import DEFAULTS, changed

from darkroom.runtime import backends
from darkroom.training import device
from darkroom.tune import trial

pytestmark = pytest.mark.slow  # it imports Keras

OURS = ("CUDA_VISIBLE_DEVICES", backends.JAX_SHARE, backends.JAX_GROWS, backends.TF_GROWS)
NEWER = "XLA_CLIENT_MEM_FRACTION"


@pytest.fixture(autouse=True)
def unset(monkeypatch):
    for name in (*OURS, NEWER):
        monkeypatch.setenv(name, "")  # so that it is restored
        monkeypatch.delenv(name)


def environment(worker_id, **how):
    """What the worker finds of OURS."""
    for name in OURS:
        os.environ.pop(name, None)
    trial.start(worker_id, **how)
    return [os.environ.get(name) for name in OURS]


@pytest.mark.parametrize(
    ("workers", "gpus", "share"), [(1, 1, "0.900"), (2, 2, "0.900"), (2, 1, "0.450"), (6, 2, "0.300"), (3, 2, "0.450")]
)
def test_workers_are_dealt_to_the_gpus_in_turn_and_share_their_memory(workers, gpus, share):
    given = [environment(i, workers=workers, gpus=gpus) for i in range(workers)]
    assert given == [[str(i % gpus), share, "false", "true"] for i in range(workers)]


def test_without_a_gpu_a_worker_gets_its_part_of_the_processors(monkeypatch):
    limits = []
    monkeypatch.setattr(trial.parallel, "processors", lambda: 8)
    monkeypatch.setattr(device, "limit_threads", limits.append)
    assert environment(3, workers=4, gpus=0) == [None] * 4 and limits == [2]


@pytest.mark.parametrize("name", [backends.JAX_SHARE, NEWER])
def test_a_share_that_the_user_set_stays(monkeypatch, name):
    monkeypatch.setenv(name, "0.2")
    backends.share_gpu(2)
    assert [os.environ.get(which) for which in (backends.JAX_SHARE, NEWER) if which in os.environ] == ["0.2"]


@pytest.mark.parametrize(
    ("workers", "trials_per_gpu", "gpus", "expected"),
    [("auto", 1, 2, 2), ("auto", 3, 2, 6), ("auto", 3, 4, 10), (5, 3, 2, 5), (20, 1, 0, 10), ("auto", 3, 0, 4)],
)
def test_automatic_workers_fill_the_gpus_or_the_processors_but_are_no_more_than_trials(
    monkeypatch, workers, trials_per_gpu, gpus, expected
):
    monkeypatch.setattr(trial.parallel, "processors", lambda: 4)
    monkeypatch.setattr(trial.psutil, "virtual_memory", lambda: type("", (), {"available": 100 << 30}))
    config = changed(DEFAULTS.tune, workers=workers, trials_per_gpu=trials_per_gpu, trials=10)
    assert trial.workers(config, gpus) == expected
