"""The registry has one version per model, and the alias `champion` never points to an incomplete one."""

import numpy as np
import pytest

from darkroom.mlflow_client import client
from darkroom.mlflow_client.events import Experiment
from darkroom.register import fetched, identity, promotion, registry
from darkroom.register import versions as store
from darkroom.runtime.errors import ServiceError
from darkroom.tracking import tracking

PETS = Experiment("pets", {"dvc.data": "0123456789abcdef0123456789abcdef.dir", "dvc.path": "data/packed"})


def versions() -> list:
    return client.client().search_model_versions("name = 'pets-classifier'")


def test_registering_twice_makes_one_version(mlflow_store, model_folder):
    folder = model_folder("cnn")
    numbers = [registry.ensure_version("pets-classifier", folder, PETS) for _ in range(2)]
    assert numbers == [1, 1]
    assert len(versions()) == 1


def test_equal_networks_trained_twice_are_one_version(mlflow_store, model_folder):
    assert [registry.ensure_version("pets-classifier", model_folder(name), PETS) for name in "ab"] == [1, 1]


def test_a_version_carries_its_lineage_and_its_run(mlflow_store, model_folder):
    folder = model_folder("cnn")
    registry.ensure_version("pets-classifier", folder, PETS)
    (registered,) = versions()
    expected = {"digest": identity.digest(folder), "architecture": "tunable", **PETS.tags}
    assert registered.tags.items() >= expected.items()
    assert client.client().get_run(registered.run_id).data.metrics["train/loss"] == 0.4


def test_a_version_has_tags_that_say_why_it_was_or_was_not_promoted_and_with_which_score(mlflow_store, model_folder):
    number = registry.ensure_version("pets-classifier", model_folder("cnn"), PETS)
    score = {"value": 0.9, "low": 0.8, "high": None}
    decision = promotion.Decision("cnn", True, "cnn becomes champion", "data", 50, score, None, metric="accuracy")
    registry.judged("pets-classifier", number, decision, 1.0)
    assert versions()[0].tags["decision"] == "cnn becomes champion"
    judgement = store.judgement("pets-classifier", number)
    assert judgement == ("accuracy", score, 50)


def test_a_model_whose_run_is_there_is_registered_on_that_run(mlflow_store, model_folder):
    folder = model_folder("cnn", key="a-key")
    with tracking.run("cnn", Experiment("pets", {}), key="a-key", params={}) as run:
        run.model(folder)
    registry.ensure_version("pets-classifier", folder, PETS)
    (run,) = client.client().search_runs([client.experiment("pets")])
    assert versions()[0].run_id == run.info.run_id
    (logged,) = client.client().search_logged_models([run.info.experiment_id])  # not logged again
    assert versions()[0].source == logged.model_uri


def test_the_champion_loads_by_its_alias_and_predicts(mlflow_store, model_folder):
    import mlflow

    registry.sync_champion("pets-classifier", model_folder("cnn", label=1), PETS)
    loaded = mlflow.pyfunc.load_model("models:/pets-classifier@champion")
    assert loaded.predict(np.zeros((2, 8, 8, 1), "uint8"))["label"].tolist() == ["dog", "dog"]


def test_the_alias_challenger_is_the_version_that_was_judged_last(mlflow_store, model_folder):
    score = {"value": 0.5, "low": None, "high": None}
    for label in (0, 1, 0):
        number = registry.ensure_version("pets-classifier", model_folder("cnn", label=label), PETS)
        registry.judged("pets-classifier", number, promotion.Decision("cnn", False, "no", "data", 50, score, None), 1.0)
    assert int(client.client().get_model_version_by_alias("pets-classifier", "challenger").version) == 1


def test_the_champion_that_stays_is_tagged_with_its_score_on_the_same_images(mlflow_store, model_folder):
    number = registry.ensure_version("pets-classifier", model_folder("old"), PETS)
    lost, kept = {"value": 0.5, "low": 0.4, "high": 0.6}, {"value": 0.8, "low": 0.7, "high": 0.9}
    decision = promotion.Decision("cnn", False, "no", "data", 60, lost, kept, metric="accuracy")
    registry.defended("pets-classifier", number, decision)
    assert store.judgement("pets-classifier", number) == ("accuracy", kept, 60)


def test_the_model_folder_of_a_version_is_fetched_as_it_was_registered(mlflow_store, model_folder, tmp_path):
    folder = model_folder("cnn")
    number = registry.ensure_version("pets-classifier", folder, PETS)
    copy = fetched.fetch(f"models:/pets-classifier/{number}", tmp_path / "here").folder
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == {
        path.name: path.read_bytes() for path in folder.iterdir()
    }


def test_the_alias_follows_the_champion_and_tags_keep_its_history(mlflow_store, model_folder):
    first, second = model_folder("cnn"), model_folder("mobilenet", label=1)
    assert registry.sync_champion("pets-classifier", first, PETS) == 1
    assert registry.sync_champion("pets-classifier", second, PETS) == 2
    assert registry.champion("pets-classifier") == 2
    old, new = (client.client().get_model_version("pets-classifier", str(n)).tags for n in (1, 2))
    assert {"champion.since", "champion.until"} <= old.keys()
    assert "champion.since" in new and "champion.until" not in new


def test_a_run_that_died_between_version_and_alias_is_completed_by_the_next(mlflow_store, model_folder, monkeypatch):
    folder = model_folder("cnn")
    with monkeypatch.context() as patch, pytest.raises(ServiceError):
        patch.setattr(
            type(client.client()), "set_registered_model_alias", lambda *_: (_ for _ in ()).throw(OSError("gone"))
        )
        registry.sync_champion("pets-classifier", folder, PETS)
    assert (len(versions()), registry.champion("pets-classifier")) == (1, None)
    assert registry.sync_champion("pets-classifier", folder, PETS) == registry.champion("pets-classifier") == 1
    assert len(versions()) == 1


def test_a_champion_folder_that_is_not_the_registered_model_is_another_version(mlflow_store, model_folder):
    assert registry.sync_champion("pets-classifier", model_folder("cnn"), PETS) == 1
    assert registry.sync_champion("pets-classifier", model_folder("cnn", tilt=5.0), PETS) == 2
    assert registry.champion("pets-classifier") == 2


def test_without_a_champion_folder_there_is_no_alias(mlflow_store, model_folder, tmp_path):
    registry.sync_champion("pets-classifier", model_folder("cnn"), PETS)
    assert registry.sync_champion("pets-classifier", tmp_path / "none", PETS) is None
    assert registry.champion("pets-classifier") is None


def test_an_empty_store_has_no_champion(mlflow_store):
    assert registry.champion("pets-classifier") is None


@pytest.mark.slow
def test_a_registry_that_is_down_ends_with_exit_6_and_one_line(server, model_folder):
    server("http://127.0.0.1:9")  # the discard port: nobody listens
    with pytest.raises(ServiceError, match="the model registry failed") as caught:
        registry.ensure_version("pets-classifier", model_folder("cnn"), PETS)
    assert caught.value.exit_code == 6
    assert "\n" not in str(caught.value)
