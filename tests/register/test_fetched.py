"""register.fetched: a model of MLflow's registry is used if it is the one that was registered, and only then."""

import io
import shutil
import zipfile
from pathlib import Path

import pytest

from darkroom.inference import inference
from darkroom.mlflow_client import client
from darkroom.register import fetched, identity
from darkroom.runtime import sealing
from darkroom.runtime.errors import ArtifactError, DarkroomError, ParamsError
from darkroom.saving import keras_file

NAME = "pets-classifier"


def register(folder: Path, digest: str, **tags: str) -> str:
    """Log the folder as a version of NAME with the alias champion; the path of the folder in the store."""
    mlflow = client.client()
    logged = mlflow.create_logged_model(client.experiment("pets"), name="pets")
    whole = folder.parent / "logged"
    shutil.copytree(folder, whole / fetched.MODEL_FOLDER)
    mlflow.log_model_artifacts(logged.model_id, str(whole))
    mlflow.finalize_logged_model(logged.model_id, "READY")
    mlflow.create_registered_model(NAME)
    version = mlflow.create_model_version(NAME, logged.model_uri, tags={"digest": digest, **tags})
    mlflow.set_registered_model_alias(NAME, "champion", version.version)
    return logged.artifact_location


@pytest.mark.parametrize("uri", [f"models:/{NAME}@champion", f"models:/{NAME}/1"])
def test_a_version_is_fetched_by_alias_and_by_number_and_downloaded_once(mlflow_store, model_folder, tmp_path, uri):
    folder, cache = model_folder("cnn", label=1), tmp_path / "cache"
    digest = identity.digest(folder)
    register(folder, digest, temperature="1.25")
    first = fetched.fetch(uri, cache)
    assert first == (cache / digest, 1.25) and identity.digest(first.folder) == digest
    inference.load(first.folder)
    marker = first.folder.stat().st_ino
    assert fetched.fetch(uri, cache).folder.stat().st_ino == marker
    assert list(cache.iterdir()) == [first.folder]


def test_a_damaged_copy_in_the_cache_is_fetched_again(mlflow_store, model_folder, tmp_path):
    folder, cache = model_folder("cnn"), tmp_path / "cache"
    register(folder, identity.digest(folder))
    copy = fetched.fetch(f"models:/{NAME}@champion", cache).folder
    (copy / "model.keras").write_bytes(b"changed")
    inference.load(fetched.fetch(f"models:/{NAME}@champion", cache).folder)


def bomb() -> bytes:
    """A .keras file whose weights unpack to 50 MB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in (keras_file.METADATA, keras_file.CONFIG):
            archive.writestr(name, "{}")
        archive.writestr(keras_file.WEIGHTS, bytes(50 << 20))
    return buffer.getvalue()


@pytest.mark.parametrize("change", ["truncated", "another model", "an extra file", "no inventory", "no zip", "a bomb"])
def test_what_is_not_the_registered_model_is_refused_before_it_is_opened(
    mlflow_store, model_folder, tmp_path, change, monkeypatch
):
    folder, other = model_folder("cnn"), model_folder("other", label=1)
    digest = identity.digest(folder)
    if change == "truncated":
        (folder / "model.keras").write_bytes((folder / "model.keras").read_bytes()[:-100])
    if change == "another model":
        folder = other
    if change == "an extra file":
        (folder / "extra.pkl").write_bytes(b"x")
    if change == "no inventory":
        (folder / "MANIFEST.json").unlink()
    if change in ("no zip", "a bomb"):
        (folder / "model.keras").write_bytes(bomb() if change == "a bomb" else b"no zip")
        sealing.seal(folder)
    register(folder, digest)
    monkeypatch.setattr(inference, "load", lambda _: pytest.fail("opened"))
    original, unpacked = keras_file.digest, []
    monkeypatch.setattr(keras_file, "digest", lambda path: unpacked.append(path) or original(path))
    with pytest.raises(ArtifactError, match="holds no model folder, or not that") as caught:
        fetched.fetch(f"models:/{NAME}@champion", tmp_path / "cache")
    assert caught.value.exit_code == 4 and not list((tmp_path / "cache").iterdir())
    assert bool(unpacked) == (change == "another model")


def test_a_version_that_is_not_there_or_not_darkrooms_is_one_line(mlflow_store, model_folder, tmp_path):
    with pytest.raises(ArtifactError, match="is not registered"):
        fetched.fetch(f"models:/{NAME}@champion", tmp_path / "cache")
    register(model_folder("cnn"), "../../etc")
    with pytest.raises(ArtifactError, match="has no digest"):
        fetched.fetch(f"models:/{NAME}@champion", tmp_path / "cache")
    with pytest.raises(ArtifactError, match="7 is not registered; the versions are: 1 "):
        fetched.fetch(f"models:/{NAME}/7", tmp_path / "cache")


@pytest.mark.parametrize("uri", ["models:/", "models:/a/b", "models:/a@b@c", "models:/a@b/../c"])
def test_an_address_that_names_no_version_is_a_mistake_of_the_user(tmp_path, uri):
    with pytest.raises(ParamsError, match="no address"):
        fetched.fetch(uri, tmp_path)


def test_a_store_that_does_not_answer_is_a_service_error(monkeypatch, tmp_path):
    def silent() -> None:
        raise OSError("nobody there")

    monkeypatch.setattr(client, "ping", silent)
    with pytest.raises(DarkroomError) as caught:
        fetched.fetch(f"models:/{NAME}@champion", tmp_path)
    assert caught.value.exit_code == 6 and "nobody there" in str(caught.value)
