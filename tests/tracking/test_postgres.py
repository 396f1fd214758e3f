"""The stages of the default pipeline with a real MLflow server on PostgreSQL.

The server is killed in the middle and comes back.
"""

import json
import os
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from ruamel.yaml import YAML

pytestmark = pytest.mark.slow

HERE = Path.cwd()
EPOCHS, KILLED_AFTER = 8, 2
VALUES = {
    "dataset": {"name": "squares", "archive": "data/raw"},
    "validate": {"min_size": 4},
    "preprocess": {"image_size": 8},
    "model": {"blocks": 1, "convolutions": 1, "filters": 4, "dense": 0, "batch_norm": False, "learning_rate": 0.02},
    "tune": {"algorithm": "none"},
    "train": {"epochs": EPOCHS, "patience": EPOCHS, "batch_size": 8},
    "transfer": {"backbones": []},
    "labels": {"method": "none"},
    "evaluate": {"resamples": 100},
    "compare": {"resamples": 100},
}
STAGES = """
import importlib, os, signal, sys
from darkroom.mlflow_client import client
from darkroom.tracking.tracking import Run

client.ANSWER_TIMEOUT = 300  # seconds: a busy machine is slower, and a server that is killed refuses at once
group, after, *stages = sys.argv[1:]
epoch = Run.epoch

def then_kill(run, number, row):
    epoch(run, number, row)
    if number == int(after):
        assert run.id  # so that it has arrived
        os.killpg(int(group), signal.SIGKILL)

Run.epoch = then_kill
for stage in stages:
    print(stage, importlib.import_module(f"pipeline.{stage}").main(), flush=True)
"""


@pytest.fixture
def repository(tmp_path) -> Path:
    """Forty images of noise in each of two classes, one of them lighter, and small params."""
    root, random = tmp_path / "repository", np.random.default_rng(1)
    for name, light in (("dark", 0), ("light", 120)):
        (root / "data/raw" / name).mkdir(parents=True)
        for number in range(40):
            pixels = random.integers(light, light + 120, (8, 8), np.uint8)
            Image.fromarray(pixels).save(root / f"data/raw/{name}/{number}.png")
    yaml = YAML()
    values = yaml.load((HERE / "presets/defaults.yaml").read_text())
    for section, changes in VALUES.items():
        values[section].update(changes)
    yaml.dump(values, root / "params.yaml")
    return root


def run(repository: Path, server, *stages: str) -> None:
    environ = {
        **os.environ, "MLFLOW_TRACKING_URI": server.address, "MLFLOW_HTTP_REQUEST_TIMEOUT": "100",
        "PYTHONPATH": f"{HERE / 'src'}:{HERE}",
    }  # fmt: skip
    words = [sys.executable, "-c", STAGES, str(server.group), str(KILLED_AFTER), *stages]
    done = subprocess.run(words, cwd=repository, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_run_misses_nothing_although_the_server_is_killed_in_the_middle(
    mlflow_on_postgres, repository, tmp_path, monkeypatch
):
    server = mlflow_on_postgres
    before = ("ingest", "validate", "preprocess", "tune", "start", "train", "evaluate", "repeat", "compare")
    run(repository, server, *before)
    server.start()
    run(repository, server, "register")

    import mlflow

    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.address)
    client = mlflow.MlflowClient(server.address)
    experiment = client.get_experiment_by_name("squares")
    runs = {run.info.run_name.partition("-")[0]: run for run in client.search_runs([experiment.experiment_id])}
    logged = runs["cnn"]
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    assert len(client.search_runs([experiment.experiment_id], "tags.model = 'cnn'")) == 1, runs.keys()
    history = client.get_metric_history(logged.info.run_id, "val/accuracy")
    assert [metric.step for metric in history] == list(range(1, EPOCHS + 1))  # each once
    assert {"test/accuracy", "test_interval/accuracy_low", "test_cost/megabytes"} <= logged.data.metrics.keys()
    assert {"figures", "images"} <= {file.path for file in client.list_artifacts(logged.info.run_id)}
    version = client.get_model_version_by_alias("squares-classifier", "champion")
    assert (int(version.version), version.run_id) == (1, logged.info.run_id)
    assert served("models:/squares-classifier@champion", repository / "data/raw/light/0.png") == "light"
    assert not list((repository / ".cache/tracking").iterdir())


def served(model: str, picture: Path) -> str:
    """The label of a picture, from MLflow's scoring server with a version that comes from the registry."""
    from benchmarks import routes
    from mlflow import pyfunc
    from mlflow.pyfunc import scoring_server

    body = json.dumps({"inputs": [b64encode(picture.read_bytes()).decode()]}).encode()
    with routes.over_http(scoring_server.init(pyfunc.load_model(model))) as send:
        return send("/invocations", body, "application/json")["predictions"][0]["label"]
