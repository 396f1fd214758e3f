"""commands.chosen_model: which model `--model` names, and what its temperature is."""

from pathlib import Path

import pytest
from tests.fixtures.exports import export_facts

from darkroom.commands import chosen_model
from darkroom.commands.chosen_model import Places
from darkroom.inference import scaling
from darkroom.register import fetched, identity
from darkroom.runtime import files, sealing
from darkroom.runtime.errors import ArtifactError
from darkroom.saving import export_folder, model_folder


@pytest.fixture
def places(tmp_path) -> Places:
    return Places(tmp_path / "champion", tmp_path / "models/cnn", tmp_path / "evaluation", tmp_path / "cache")


def evaluated(folder: Path, places: Places, temperature: float) -> None:
    """As `evaluate` leaves its results on the model in `folder`."""
    name = folder.name
    files.write_json(places.evaluation / chosen_model.MODELS, {name: model_folder.read_facts(folder)})
    calibration = {name: {"temperature": {"value": temperature, "low": None, "high": None}}}
    files.write_json(places.evaluation / chosen_model.CALIBRATION, calibration)


def test_no_name_is_the_current_model_and_champion_is_the_champion(places, model_folder):
    model_folder("cnn")
    assert chosen_model.choose(None, places).folder == places.current
    with pytest.raises(ArtifactError, match="no champion yet"):
        chosen_model.choose("champion", places)
    model_folder("other").rename(places.champion)
    assert chosen_model.choose("champion", places).folder == places.champion


def test_the_temperature_of_a_champion_is_in_its_folder(places, model_folder):
    model_folder("other").rename(places.champion)
    assert chosen_model.choose("champion", places).temperature is None
    scaling.write_temperature(places.champion, 1.5)
    sealing.seal(places.champion)
    assert chosen_model.choose("champion", places).require_temperature() == 1.5


def test_the_temperature_of_a_model_is_the_one_that_evaluate_fitted_to_it(places, model_folder):
    folder = model_folder("cnn")
    evaluated(folder, places, 0.8)
    assert chosen_model.choose(str(folder), places).require_temperature() == 0.8


def test_a_temperature_of_another_training_is_not_taken(places, model_folder):
    evaluated(model_folder("cnn", key="before"), places, 0.8)
    chosen = chosen_model.choose(str(model_folder("cnn", key="after")), places)
    with pytest.raises(ArtifactError, match="no temperature is known") as caught:
        chosen.require_temperature()
    assert caught.value.exit_code == 4


def test_an_exported_model_says_its_temperature_and_of_which_model_it_is(places, tmp_path):
    files.write_json(tmp_path / "exports/cnn-onnx" / export_folder.FACTS, export_facts(temperature=1.1))
    chosen = chosen_model.choose(str(tmp_path / "exports/cnn-onnx"), places)
    assert (chosen.exported, chosen.temperature, chosen.digest) == (True, 1.1, "0123456789abcdef")


def test_the_digest_is_that_of_the_model(places, model_folder):
    folder = model_folder("cnn")
    assert chosen_model.choose(str(folder), places).digest == identity.digest(folder)


def test_a_model_of_the_registry_is_fetched_with_its_temperature(places, model_folder, monkeypatch):
    folder = model_folder("cnn")
    monkeypatch.setattr(fetched, "fetch", lambda uri, cache: fetched.FetchedModel(folder, 2.0))
    assert chosen_model.choose("models:/pets@champion", places) == (folder, False, 2.0)
