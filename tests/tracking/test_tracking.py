"""MLflow gets everything, and nothing it does can hurt a training."""

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

from darkroom import png
from darkroom.mlflow_client import client, event_queue
from darkroom.mlflow_client.events import Experiment
from darkroom.register import log_model, registry
from darkroom.runtime.process import Terminated
from darkroom.tracking import tracking

LINEAGE = {"dvc.data": "0123456789abcdef0123456789abcdef.dir", "dvc.path": "data/packed"}
PETS = Experiment("pets", LINEAGE)
ROW = {"epoch": 1, "loss": 0.5, "accuracy": 0.8, "val_loss": 0.6, "val_accuracy": 0.7}


def runs() -> dict:
    return {
        run.info.run_name.split("-pets-")[0]: run for run in client.client().search_runs([client.experiment("pets")])
    }


def started_run(name: str, params: dict | None = None):
    return tracking.run(name, PETS, key=f"key-of-{name}", params=params or {"train.epochs": 3})


def test_a_run_has_params_curves_lineage_and_data_set(mlflow_store):
    with started_run("cnn") as run:
        for epoch in (1, 2, 3):
            run.epoch(epoch, {**ROW, "epoch": epoch, "loss": 1 / epoch})
    logged = runs()["cnn"]
    assert logged.info.status == "FINISHED"
    assert logged.data.params == {"train.epochs": "3"}
    assert logged.data.tags.items() >= LINEAGE.items()
    assert logged.inputs.dataset_inputs[0].dataset.digest == LINEAGE["dvc.data"]
    history = client.client().get_metric_history(logged.info.run_id, "train/loss")
    assert [(m.step, m.value) for m in history] == [(1, 1), (2, 1 / 2), (3, 1 / 3)]
    assert "epoch" not in logged.data.metrics


def test_a_run_is_visible_while_it_runs(mlflow_store):
    with started_run("cnn") as run:
        run.epoch(1, ROW)
        assert run.id == runs()["cnn"].info.run_id
        assert (runs()["cnn"].info.status, runs()["cnn"].data.metrics["train/loss"]) == ("RUNNING", 0.5)


def test_trials_are_nested_in_their_search(mlflow_store):
    with started_run("search") as parent:
        for n in range(2):
            with tracking.trial(f"trial-{n}", params={}, search=parent, experiment=PETS) as trial:
                trial.epoch(1, ROW)
    parents = {runs()[f"trial-{n}"].data.tags["mlflow.parentRunId"] for n in range(2)}
    assert parents == {runs()["search"].info.run_id}


@pytest.mark.parametrize(
    ("fault", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED"), (Terminated, "KILLED")]
)
def test_the_status_of_a_run_says_how_it_ended(mlflow_store, fault, status):
    with pytest.raises(fault), started_run("cnn"):
        raise fault
    assert runs()["cnn"].info.status == status


def test_values_that_are_not_finite_numbers_are_left_out(mlflow_store):
    with started_run("cnn") as run:
        run.metrics({"nan": float("nan"), "inf": float("inf"), "none": None, "good": 1})
    assert runs()["cnn"].data.metrics == {"good": 1}


def test_more_params_than_one_call_takes_all_arrive_and_long_ones_are_cut(mlflow_store):
    values = {f"p{n}": n for n in range(230)} | {"long": "x" * 9000}
    with started_run("cnn", params=values):
        pass
    assert len(runs()["cnn"].data.params) == 231
    assert len(runs()["cnn"].data.params["long"]) == 6000


def test_the_model_is_logged_with_its_signature_and_predicts_as_the_network_does(mlflow_store, model_folder):
    import mlflow

    from darkroom.inference import inference

    folder = model_folder("cnn")
    network, _ = inference.load(folder)
    images = np.zeros((3, 8, 8, 1), "uint8")
    with started_run("cnn") as run:
        run.model(folder)
    loaded = mlflow.pyfunc.load_model(log_model.find(folder, runs()["cnn"].info.run_id))
    signature = loaded.metadata.signature
    assert signature.inputs.input_names() == ["image"]
    assert signature.outputs.input_names() == ["label", "probabilities", "error"]
    rows = [list(row.values()) for row in loaded.predict(images)["probabilities"]]
    assert np.array(rows) == pytest.approx(network.predict_on_batch(images))
    (logged,) = mlflow.MlflowClient().search_logged_models([runs()["cnn"].info.experiment_id])
    assert (logged.name, logged.status, logged.source_run_id) == ("cnn", "READY", runs()["cnn"].info.run_id)


def test_a_killed_run_goes_on_and_a_finished_one_stays_as_it_is(mlflow_store):
    with pytest.raises(KeyboardInterrupt), started_run("cnn") as run:
        run.epoch(1, ROW)
        raise KeyboardInterrupt
    with started_run("cnn") as run:
        run.epoch(2, ROW)
        assert runs()["cnn"].info.status == "RUNNING" if run.id else False
    (first,) = client.client().search_runs([client.experiment("pets")])
    assert first.info.status == "FINISHED"
    assert [m.step for m in client.client().get_metric_history(first.info.run_id, "train/loss")] == [1, 2]
    with started_run("cnn"):
        pass
    assert len(client.client().search_runs([client.experiment("pets")])) == 2
    assert client.run_id("key-of-cnn") != first.info.run_id


SCORES = {"accuracy": {"value": 0.9, "low": 0.8, "high": 0.95}}
COST = {"latency_ms": {"value": 2.0, "low": 1.0, "high": 3.0}, "throughput": 900, "bytes": 2_500_000}
COST |= {"multiply_adds": 10**6}
GREY = png.encode(np.full((8, 8), 128, "uint8"))
EVALUATION = tracking.Evaluation(SCORES, COST, {"confusion.svg": "<svg/>"}, {"confusion_matrix": GREY})
FACTS = {"name": "cnn", "run": "key-of-cnn", "params": {"train.epochs": 2}, "architecture": "plain", "pretrained": None}
HISTORY = [ROW]


def test_test_scores_and_figures_are_logged_to_the_run_of_the_model(mlflow_store):
    with started_run("cnn") as run:
        run.epoch(1, ROW)
    ended = runs()["cnn"].info
    tracking.log_evaluation(PETS, {**FACTS, "run": run.key}, HISTORY, EVALUATION)
    logged = runs()["cnn"]
    assert (logged.info.run_id, logged.info.end_time) == (ended.run_id, ended.end_time)
    scores = {"test/accuracy": 0.9, "test_interval/accuracy_low": 0.8, "test_interval/accuracy_high": 0.95}
    assert logged.data.metrics.items() >= scores.items()
    assert [f.path for f in client.client().list_artifacts(ended.run_id, "figures")] == ["figures/confusion.svg"]


def test_a_store_that_lacks_the_run_gets_it_back_once(mlflow_store):
    for _ in range(2):
        tracking.log_evaluation(PETS, FACTS, HISTORY, EVALUATION)
    (restored,) = client.client().search_runs([client.experiment("pets")])
    assert "darkroom.restored" in restored.data.tags
    assert (
        restored.data.metrics.items() >= {"train/loss": 0.5, "test/accuracy": 0.9, "test_cost/megabytes": 2.5}.items()
    )
    assert restored.info.status == "FINISHED"


def pictures(run_id: str) -> list[str]:
    return [file.path for file in client.client().list_artifacts(run_id, "images")]


def test_a_picture_appears_once_in_the_image_grid_however_often_it_is_delivered(mlflow_store):
    for _ in range(2):
        tracking.log_evaluation(PETS, FACTS, HISTORY, EVALUATION)
    logged = runs()["cnn"]
    names = pictures(logged.info.run_id)
    assert [name.endswith("+compressed.webp") for name in names] == [True, False]
    assert all(name.startswith("images/confusion_matrix+step+0+timestamp+") for name in names)
    assert logged.data.tags["mlflow.loggedImages"] == "True"
    stored = client.client().download_artifacts(logged.info.run_id, names[1])
    assert Path(stored).read_bytes() == GREY


def test_the_model_card_describes_the_run_even_in_a_store_that_lacks_it(mlflow_store):
    tracking.log_cards(PETS, {"cnn": tracking.Card(FACTS, HISTORY, "# A card")})
    assert runs()["cnn"].data.tags["mlflow.note.content"] == "# A card"


def test_the_model_card_describes_the_registered_version(mlflow_store, model_folder):
    version = registry.ensure_version("pets-classifier", model_folder("cnn"), PETS)
    tracking.describe_version("pets-classifier", version, tracking.Card(FACTS, HISTORY, "# A card" * 1000))
    (logged,) = client.client().search_model_versions("name = 'pets-classifier'")
    assert logged.description == ("# A card" * 1000)[:5000]


def test_a_run_says_in_its_name_and_tags_what_it_is(mlflow_store):
    tracking.log_evaluation(PETS, FACTS, HISTORY, EVALUATION)
    (logged,) = client.client().search_runs([client.experiment("pets")])
    assert logged.info.run_name == "cnn-pets-key-of-c"
    expected = {"model": "cnn", "dataset": "pets", "architecture": "plain", "pretrained": "False"}
    assert logged.data.tags.items() >= expected.items()


def test_a_deleted_experiment_costs_a_warning_that_says_how_to_restore_it(mlflow_store, capfd):
    client.client().delete_experiment(client.experiment("pets"))
    client.experiment.cache_clear()
    with started_run("cnn") as run:
        run.epoch(1, ROW)
    assert "mlflow experiments restore -x 1" in capfd.readouterr().err
    client.client().restore_experiment("1")
    with started_run("another"):
        pass
    assert runs()["cnn"].data.metrics["train/loss"] == 0.5


class Broken(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(500)
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *args):
        pass


def refusing() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.fixture
def failing():
    """An address that answers every request with 500."""
    with HTTPServer(("127.0.0.1", 0), Broken) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def hanging():
    """An address that accepts and never answers."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        yield f"http://127.0.0.1:{silent.getsockname()[1]}"


@pytest.fixture
def unreachable(request):
    return refusing() if request.param == "refusing" else request.getfixturevalue(request.param)


@pytest.mark.slow
@pytest.mark.parametrize("unreachable", ["refusing", "failing", "hanging"], indirect=True)
def test_a_server_that_is_down_costs_a_warning_and_seconds(unreachable, server, capfd):
    root = server(unreachable)
    start = time.monotonic()
    with started_run("cnn") as run:
        for epoch in range(1, 6):
            run.epoch(epoch, {**ROW, "epoch": epoch})
        assert run.id is None
    assert time.monotonic() - start < 35  # what faults.md allows
    (journal,) = (root / ".cache" / "tracking").iterdir()
    assert journal.read_text().count('"metrics"') == 5
    assert capfd.readouterr().err.count("warning") == 2  # it is down; its events wait


@pytest.mark.slow
def test_a_server_that_comes_back_shows_every_epoch_once(server, mlflow_store, monkeypatch):
    monkeypatch.setattr(event_queue, "RETRY_DELAY", 0.2)
    address = client.client().tracking_uri
    server(refusing())
    with started_run("cnn") as run:
        run.epoch(1, ROW)
    server(address)
    with started_run("next"):
        pass
    logged = runs()["cnn"]
    assert logged.info.status == "FINISHED"
    assert [m.step for m in client.client().get_metric_history(logged.info.run_id, "train/loss")] == [1]


def test_a_run_that_was_restored_because_the_server_was_down_is_one_run(mlflow_store, monkeypatch):
    with started_run("cnn") as run:
        run.epoch(1, ROW)
    with monkeypatch.context() as patch:
        patch.setattr(client, "run_id", lambda key: None)  # as if it did not answer
        tracking.log_evaluation(PETS, {**FACTS, "run": run.key}, HISTORY, EVALUATION)
    (logged,) = client.client().search_runs([client.experiment("pets")])
    assert logged.data.metrics["test/accuracy"] == 0.9
    assert len(client.client().get_metric_history(logged.info.run_id, "train/loss")) == 1
