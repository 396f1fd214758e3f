"""A search on a cluster makes the trials of a search here."""

import shutil
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.fixtures.cluster import on_ray
from tests.fixtures.defaults import DEFAULTS, changed

from darkroom.tune import search
from darkroom.tune.trial import Setup
from darkroom.workers import engine

pytestmark = pytest.mark.slow

SPACE = {"filters": [2, 3], "learning_rate": [0.001, 0.01]}
BUDGET = {"total_epochs": 0, "minutes": 0.0, "workers": 1}


@contextmanager
def unseen(name, params):
    yield SimpleNamespace(epoch=lambda epoch, row: None)


def test_the_trials_are_the_same_from_a_cluster(cluster, packed, model, changes, brief, tmp_path):
    config = changed(DEFAULTS.tune, algorithm="random", trials=3, fit=brief(epochs=2), space=SPACE, **BUDGET)
    found = {}
    for name, place in (("here", DEFAULTS.engine), ("cluster", on_ray(cluster.address))):
        with engine.opened(place):
            setup = Setup(packed, changes(), 1)
            trials = search.search(config, model(filters=2), setup, state=tmp_path / name, open_run=unseen).trials
        found[name] = [(trial.number, trial.values(list(SPACE)), trial.result["status"]) for trial in trials]
        found[name + " losses"] = [trial.result["val_loss"] for trial in trials]
    assert found["cluster"] == found["here"] and len(found["here"]) == 3
    assert found["cluster losses"] == pytest.approx(found["here losses"], rel=1e-4)  # the number of threads differs


@pytest.mark.filterwarnings("default")  # botocore and moto have their own
def test_a_search_that_shares_a_bucket_alone_goes_on_from_there_on_another_machine(
    cluster, bucket, packed, model, changes, brief, tmp_path, monkeypatch
):
    config = changed(DEFAULTS.tune, algorithm="random", trials=3, fit=brief(epochs=3), space=SPACE, **BUDGET)
    place = on_ray(cluster.address, workers=1, shared="s3://pictures/project")
    setup = Setup(Path("packed"), changes(), 1)

    def run(home: Path, kill_at: tuple[str, int] | None = None) -> tuple[list, dict[str, list[int]]]:
        """The trials of a search in a project of its own, and the epochs that each was seen to train."""
        shutil.copytree(packed, home / "packed", dirs_exist_ok=True)
        monkeypatch.chdir(home)
        seen: dict[str, list[int]] = {}

        @contextmanager
        def open_run(name, params):
            def epoch(number, row):
                seen.setdefault(name, []).append(number)
                if (name, number) == kill_at:
                    raise KeyboardInterrupt

            yield SimpleNamespace(epoch=epoch)

        with engine.opened(place, [Path("packed")]):
            trials = search.search(config, model(filters=2), setup, state=Path("state"), open_run=open_run).trials
        return [(trial.number, trial.values(list(SPACE)), trial.result["curve"]) for trial in trials], seen

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "one", kill_at=("trial-1", 1))
    resumed, seen = run(tmp_path / "two")
    assert "trial-0" not in seen and 1 not in seen.get("trial-1", []) and seen["trial-2"] == [1, 2, 3]
    monkeypatch.chdir(tmp_path / "two")
    here = search.search(config, model(filters=2), setup, state=Path("here"), open_run=unseen).trials
    assert [found[:2] for found in resumed] == [(trial.number, trial.values(list(SPACE))) for trial in here]
    losses = [row["val_loss"] for _, _, curve in resumed for row in curve]
    assert losses == pytest.approx([row["val_loss"] for trial in here for row in trial.result["curve"]], rel=1e-4)
