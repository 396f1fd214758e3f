"""Images in each form that MLflow's clients send get the probabilities of `darkroom predict`, or a reason."""

import io
import json
import os
import platform
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from base64 import b64encode
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from ruamel.yaml import YAML

from darkroom.inference import predict
from darkroom.inference.classifier import of_model_folder
from darkroom.mlflow_client.events import Experiment
from darkroom.register import registry, scoring, version_files


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def classifier(written_model) -> scoring.Classifier:
    return scoring.load(written_model("cnn"))


def objects(*images) -> np.ndarray:
    array = np.empty(len(images), object)
    array[:] = images
    return array


def test_every_form_of_an_image_gets_the_same_answer(classifier):
    pixels = np.arange(64, dtype="uint8").reshape(8, 8)
    text = b64encode(png(pixels)).decode()
    forms = [
        objects(text), objects(png(pixels)), np.array([text]), objects(np.array(text, object)), objects(pixels),
        pixels[np.newaxis, :, :, np.newaxis], objects(*[pixels.tolist()]), pixels[np.newaxis].astype(object),
    ]  # fmt: skip
    answers = [classifier.answers(form) for form in forms]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0]["label"] == "cat" and sum(answers[0][0]["probabilities"].values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("image", "why"),
    [
        ("?", "not Base64"), ("", "empty file"), (b64encode(b"hello").decode(), "image"), (b"hello", "image"),
        (None, "whole numbers"), ({"a": 1}, "neither text, bytes nor"), (7, "expected uint8"),
        (np.full((8, 8), np.nan), "whole numbers"), (np.full((8, 8), 256), "whole numbers"),
        (np.full((8, 8), 0.5), "whole numbers"), (np.zeros((200, 200), "uint8"), "more than 10000 pixels"),
        (b64encode(png(np.zeros((200, 200), "uint8"))).decode(), "more than 10000 pixels"),
    ],
)  # fmt: skip
def test_an_image_that_cannot_be_used_says_why_and_the_others_are_answered(classifier, image, why):
    bad, good = classifier.answers(objects(image, png(np.zeros((8, 8), "uint8"))))
    assert why in bad["error"] and (bad["label"], bad["probabilities"]) == (None, None)
    assert (good["label"], good["error"]) == ("cat", None)


def test_a_version_predicts_from_a_data_frame_and_from_json_and_none_becomes_nan(mlflow_store, model_folder):
    import mlflow
    import pandas as pd
    from mlflow.pyfunc import scoring_server

    registry.sync_champion("pets-classifier", model_folder("cnn"), Experiment("pets", {}))
    model = mlflow.pyfunc.load_model("models:/pets-classifier@champion")
    images = [b64encode(png(np.zeros((8, 8), "uint8"))).decode(), "?"]
    frame = model.predict(pd.DataFrame({"id": [1, 2], "image": images}))
    written = io.StringIO()
    scoring_server.predictions_to_json(frame, written)
    first, second = json.loads(written.getvalue(), parse_constant=pytest.fail)["predictions"]
    assert (first["label"], first["error"], second["label"]) == ("cat", None, None)
    assert model.predict(model.input_example)["label"].tolist() == ["cat"]
    (requirements,) = mlflow_store.rglob("requirements.txt")
    assert {line.partition("==")[0] for line in requirements.read_text().split()} >= {"darkroom", "keras", "tensorflow"}

    assert not list(mlflow_store.rglob("*.pkl"))


def test_mlflow_finds_what_to_install_for_each_of_its_environments(mlflow_store, model_folder):
    from mlflow.pyfunc import get_model_dependencies
    from mlflow.utils.virtualenv import _get_python_env

    registry.sync_champion("pets-classifier", model_folder("cnn"), Experiment("pets", {}))
    pins, conda = (
        Path(get_model_dependencies("models:/pets-classifier@champion", format=kind)) for kind in ("pip", "conda")
    )
    python, pip, packages = YAML(typ="safe").load(conda.read_text())["dependencies"]
    assert (python, pip) == (f"python={platform.python_version()}", "pip")
    assert packages == {"pip": pins.read_text().split()} and "darkroom" in pins.read_text()
    environment = _get_python_env(conda.parent)  # what virtualenv and uv are given
    assert (environment.python, environment.dependencies) == (platform.python_version(), ["-r requirements.txt"])


def test_a_version_requires_no_package_that_is_not_installed_here(monkeypatch):
    monkeypatch.setattr(version_files, "OPTIONAL", ("pytest", "a-package-that-nobody-has"))
    assert version_files.requirements() == [*version_files.REQUIREMENTS, "pytest"]


@pytest.mark.slow
def test_mlflows_own_server_answers_as_darkroom_predict_does(mlflow_store, model_folder, tmp_path, warm_python):
    """One real call of each form."""
    folder = model_folder("cnn", label=1)
    registry.sync_champion("pets-classifier", folder, Experiment("pets", {}))
    pixels = np.random.default_rng(1).integers(0, 256, (3, 8, 8), dtype="uint8")
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for path, image in zip(paths, pixels, strict=True):
        path.write_bytes(png(image))
    loaded = of_model_folder(folder)
    expected = [answer.probabilities for _, answer in predict.predict_files(loaded, paths, Path.read_bytes)]
    texts = [b64encode(path.read_bytes()).decode() for path in paths]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["models", "serve", "-m", "models:/pets-classifier@champion", "--env-manager", "local", "-p", str(port)]
    environment = {**os.environ, "PATH": f"{warm_python.parent}{os.pathsep}{os.environ['PATH']}"}  # there is uvicorn
    process = subprocess.Popen(
        [warm_python, "-m", "mlflow", *words], env=environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        _wait(port, process)
        for body in ({"inputs": texts}, {"inputs": pixels[..., np.newaxis].tolist()}):
            for row, probabilities in zip(_invoke(port, body), expected, strict=True):
                assert row["label"] == "dog" and row["probabilities"] == pytest.approx(probabilities, abs=1e-5)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _invoke(port: int, body: dict) -> list[dict]:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/invocations", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)["predictions"]


def _wait(port: int, process: subprocess.Popen) -> None:
    for _ in range(600):
        assert process.poll() is None
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail("the server does not answer")
