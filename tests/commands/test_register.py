"""`darkroom register` shows a store that never saw a training which model is champion."""

import shutil

import pytest

from darkroom.commands import register
from darkroom.mlflow_client import client
from darkroom.mlflow_client.events import Experiment
from darkroom.runtime.errors import ArtifactError

NAME, PETS = "pets-classifier", Experiment("pets", {"dvc.data": "abc.dir"})


def champion() -> int:
    return int(client.client().get_model_version_by_alias(NAME, "champion").version)


def test_an_empty_store_gets_the_champion_its_run_and_its_lineage_once(mlflow_store, model_folder):
    for _ in range(2):
        assert register.register(NAME, model_folder("cnn"), PETS) == f"version 1 of {NAME} is champion in MLflow"
    version = client.client().get_model_version_by_alias(NAME, "champion")
    run = client.client().get_run(version.run_id)
    assert version.tags["dvc.data"] == "abc.dir"
    assert [m.step for m in client.client().get_metric_history(run.info.run_id, "val/loss")] == [1, 2]


def test_the_next_champion_takes_the_alias_and_the_former_one_keeps_its_version(mlflow_store, model_folder, tmp_path):
    register.register(NAME, model_folder("cnn"), PETS)
    shutil.rmtree(tmp_path / "models")
    assert "version 2" in register.register(NAME, model_folder("cnn", label=1), PETS)
    assert champion() == 2
    assert client.client().get_model_version(NAME, "1").tags["champion.until"]


def test_without_a_champion_it_ends_with_4_and_the_alias_stays(mlflow_store, model_folder, tmp_path):
    register.register(NAME, model_folder("cnn"), PETS)
    with pytest.raises(ArtifactError, match="dvc pull champion") as caught:
        register.register(NAME, tmp_path / "champion", PETS)
    assert caught.value.exit_code == 4
    assert champion() == 1
