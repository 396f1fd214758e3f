"""Which model `darkroom serve` answers with, and what ends it before it opens a port."""

import json
import os
import sys
from zipfile import ZipFile

import pytest
from tests.fixtures.exports import export_facts

import darkroom
from darkroom.commands import serve
from darkroom.register import identity
from darkroom.runtime.errors import ArtifactError, EnvironmentFault, ParamsError


@pytest.fixture
def places(tmp_path):
    return serve.Places(tmp_path / "exports", tmp_path / "champion", tmp_path / "models")


@pytest.fixture
def options():
    return serve.Options(model=None, engine="onnx", host="127.0.0.1", port=0, token_env=None, log=None)


def trained(folder):
    """A folder with as much of a model as its digest needs."""
    folder.mkdir(parents=True)
    with ZipFile(folder / "model.keras", "w") as file:
        file.writestr("config.json", "{}")
        file.writestr("model.weights.h5", folder.name)
    (folder / "classes.json").write_text('{"classes": ["a"]}')
    return folder


def exported(folder, digest, *, age, kind="onnx"):
    folder.mkdir(parents=True)
    (folder / "export.json").write_text(json.dumps(export_facts(format=kind, digest=digest)))
    os.utime(folder / "export.json", (1e9 - age, 1e9 - age))
    return folder


def test_the_newest_onnx_export_of_the_model_is_served(places):
    exported(places.exports / "old", "a", age=9)
    newest = exported(places.exports / "new", "a", age=5)
    exported(places.exports / "other model", "b", age=1)
    exported(places.exports / "other format", "a", age=1, kind="litert")
    exported(places.exports / "new.partial-1", "a", age=1)  # complete but for its inventory, and its process killed
    (places.exports / "half").mkdir()
    (places.exports / "damaged").mkdir()
    (places.exports / "damaged/export.json").write_text("{")
    assert serve.newest_export(places.exports, "a") == newest


def test_a_champion_that_is_not_exported_names_the_command(places, options):
    trained(places.champion)
    exported(places.exports / "former", "another", age=1)
    with pytest.raises(ArtifactError) as fault:
        serve.find(options, places)
    assert "darkroom export --to onnx" in str(fault.value) and fault.value.exit_code == 4


def test_the_champion_s_export_is_found_by_its_digest_and_keras_serves_the_champion_itself(places, options):
    trained(places.champion)
    export = exported(places.exports / "this", identity.digest(places.champion), age=9)
    exported(places.exports / "that", "another", age=1)
    assert serve.find(options, places) == export
    assert serve.find(options._replace(engine="keras"), places) == places.champion


def test_without_a_champion_the_network_is_served(places, options):
    assert trained(places.models / "cnn") == serve.find(options._replace(engine="keras"), places)


def test_without_a_model_one_line_says_what_to_run(places, options):
    with pytest.raises(ArtifactError, match="no model yet"):
        serve.find(options, places)


def test_a_folder_of_the_other_engine_is_refused(places, options):
    with pytest.raises(ArtifactError, match="no model.onnx"):
        serve.find(options._replace(model=trained(places.models / "cnn")), places)
    export = exported(places.exports / "this", "a", age=1)
    with pytest.raises(ArtifactError, match="no model.keras"):
        serve.find(options._replace(model=export, engine="keras"), places)


@pytest.mark.parametrize("value", [None, "", "with\nline", "ü"])
def test_a_token_must_be_set_and_printable_ascii(places, options, monkeypatch, value):
    monkeypatch.delenv("SERVE_TOKEN", raising=False)
    if value is not None:
        monkeypatch.setenv("SERVE_TOKEN", value)
    with pytest.raises(ParamsError, match="no token"):
        serve.serve(options._replace(token_env="SERVE_TOKEN"), places)


@pytest.fixture
def without_extra(monkeypatch):
    """As if it were not installed. What is imported meanwhile is forgotten, so no later test mixes it with the rest."""

    def loaded():
        return [name for name in sys.modules if name.startswith("darkroom.serve")]

    if hasattr(darkroom, "serve"):
        monkeypatch.setattr(darkroom, "serve", darkroom.serve)  # which an import replaces
    for name in loaded():
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    yield
    for name in loaded():
        del sys.modules[name]


def test_without_the_extra_one_line_names_it(places, options, without_extra):
    with pytest.raises(EnvironmentFault) as fault:
        serve.serve(options, places)
    assert "darkroom[serve]" in str(fault.value) and fault.value.exit_code == 5
