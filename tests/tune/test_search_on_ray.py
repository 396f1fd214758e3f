"""A search on a cluster makes the trials of a search here."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from tests.fixtures.cluster import on_ray
from tests.fixtures.defaults import DEFAULTS, changed

from darkroom.tune import search
from darkroom.tune.trial import Setup
from darkroom.workers import engine

pytestmark = pytest.mark.slow

SPACE = {"filters": [2, 3], "learning_rate": [0.001, 0.01]}


@contextmanager
def unseen(name, params):
    yield SimpleNamespace(epoch=lambda epoch, row: None)


def test_the_trials_are_the_same_from_a_cluster(cluster, packed, model, changes, brief, tmp_path):
    budget = {"total_epochs": 0, "minutes": 0.0, "workers": 1}
    config = changed(DEFAULTS.tune, algorithm="random", trials=3, fit=brief(epochs=2), space=SPACE, **budget)
    found = {}
    for name, place in (("here", DEFAULTS.engine), ("cluster", on_ray(cluster.address))):
        with engine.opened(place):
            setup = Setup(packed, changes(), 1)
            trials = search.search(config, model(filters=2), setup, state=tmp_path / name, open_run=unseen).trials
        found[name] = [(trial.number, trial.values(list(SPACE)), trial.result["status"]) for trial in trials]
        found[name + " losses"] = [trial.result["val_loss"] for trial in trials]
    assert found["cluster"] == found["here"] and len(found["here"]) == 3
    assert found["cluster losses"] == pytest.approx(found["here losses"], rel=1e-4)  # the number of threads differs
