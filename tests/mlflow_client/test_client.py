"""Whatever MLflow does on a bad day costs one line of output, never a run, a secret or an hour."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.fixtures.programs import PATIENCE, running

from darkroom.mlflow_client import client, database, event_queue, journal, sender
from darkroom.mlflow_client.events import Experiment
from darkroom.register import mlflow_service, registry
from darkroom.runtime.errors import EnvironmentFault, ServiceError
from darkroom.tracking import tracking

SECRET = "s3cret"


def started_run(name: str = "cnn", parent: str | None = None):
    experiment, params = Experiment("pets", {}), {"train.epochs": 3}
    return tracking.run(name, experiment, key=f"key-of-{name}", params=params, parent=parent)


def runs() -> dict:
    return {
        run.info.run_name.split("-pets-")[0]: run for run in client.client().search_runs([client.experiment("pets")])
    }


def write_journal(root: Path, *events: dict) -> None:
    """The journal of a process that ended."""
    folder = root / ".cache" / "tracking"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "1-1.jsonl").write_bytes(b"".join(map(journal.encode, events)))


def journals(root: Path) -> list[str]:
    return sorted(path.name for path in (root / ".cache" / "tracking").iterdir())


def start_event(key: str, **more) -> dict:
    fields = {"name": key, "experiment": "pets", "parent": None, "source": "train.py", "params": {}, "tags": {}}
    return {"kind": "start", "key": key, "time": 1, **fields, **more}


def metric_event(key: str, step: int) -> dict:
    return {"kind": "metrics", "key": key, "time": 1, "step": step, "values": {"loss": 0.5}}


# databases


def zeroed(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 4] = bytes(4096)
    path.write_bytes(data)


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")
        connection.commit()


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGED = {
    "noise": lambda path: path.write_bytes(bytes(range(100))),
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "cut in the header": lambda path: os.truncate(path, 60),
    "a page of zeros": zeroed,
    "a pointer to it": lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\n" * 30),
    "of a newer MLflow": newer,
    "a folder": folder,
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_damaged_database_is_exit_6_for_the_registry_and_a_warning_for_a_run(mlflow_store, capfd, damage):
    DAMAGED[damage](mlflow_store / "mlflow.db")
    start = time.monotonic()
    with pytest.raises(ServiceError, match="the model registry failed") as caught, mlflow_service.required():
        client.experiment("pets")
    assert (caught.value.exit_code, caught.value.where) == (6, "mlflow.db")
    with started_run() as run:
        run.metrics({"loss": 0.5})
    assert time.monotonic() - start < 60
    errors = capfd.readouterr().err
    assert "Traceback" not in errors and "the next run sends them" in errors
    assert len(journals(mlflow_store)) == 1


def test_a_locked_database_is_exit_6_for_the_registry_and_the_events_of_a_run_wait(mlflow_store, monkeypatch, capfd):
    monkeypatch.setattr(database, "BUSY", 0.05)
    with closing(sqlite3.connect(mlflow_store / "mlflow.db")) as backup:
        backup.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ServiceError, match="locked; close the program"), mlflow_service.required():
            client.experiment("pets")
        with started_run() as run:
            run.metrics({"loss": 0.5})
    with started_run("next"):
        pass
    assert runs()["cnn"].data.metrics == {"loss": 0.5}
    assert journals(mlflow_store) == []


def test_opening_the_store_takes_none_of_the_time_for_an_answer(monkeypatch):
    """On a busy machine the import of MLflow and the first tables of `mlflow.db` take longer than a server may."""
    opened = []

    def opening():
        opened.append(threading.current_thread())
        return SimpleNamespace(search_experiments=lambda max_results: [])

    monkeypatch.setattr(client, "client", opening)
    client.ping()
    assert opened == [threading.current_thread()]


def test_a_database_whose_creation_was_killed_does_not_exist(tmp_path):
    def killed(partial: Path) -> None:
        partial.write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        database.prepare(tmp_path / "mlflow.db", killed)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mlflow.db").touch()  # as a full disk leaves it
    database.prepare(tmp_path / "mlflow.db", lambda partial: partial.write_bytes(b"whole"))
    assert (tmp_path / "mlflow.db").read_bytes() == b"whole"


FORKS = """
import os, sys
import mlflow.tracking  # takes seconds, so it is imported once for all of them
children = []
for number in range(int(sys.argv[1])):
    children.append(os.fork())
    if not children[-1]:
        exec(sys.argv[2])
        sys.exit()
sys.exit(any([os.waitpid(child, 0)[1] for child in children]))
"""


def output_of_processes(python: Path, count: int, code: str, root: Path) -> str:
    """Run the code in so many processes at once, each of which knows its `number`, and return what they print."""
    environ = {**os.environ, "DVC_ROOT": str(root)}
    environ.pop("MLFLOW_TRACKING_URI", None)
    words = [python, "-c", FORKS, str(count), code]
    return subprocess.run(words, env=environ, check=True, stdout=subprocess.PIPE, text=True, timeout=PATIENCE).stdout


@pytest.mark.slow
def test_four_processes_may_be_the_first_to_use_the_store(tmp_path, warm_python):
    first = "from darkroom.mlflow_client import client; print(client.experiment('pets'))"
    assert output_of_processes(warm_python, 4, first, tmp_path) == 4 * "1\n"


WRITER = """
from darkroom.mlflow_client.events import Experiment
from darkroom.tracking import tracking
with tracking.run(f"run-{number}", Experiment("pets", {}), key=str(number), params={}) as run:
    for epoch in range(1, 31):
        run.epoch(epoch, {"epoch": epoch, "loss": 1 / epoch})
"""


@pytest.mark.slow
def test_several_processes_write_to_one_store(mlflow_store, warm_python):
    output_of_processes(warm_python, 3, WRITER, mlflow_store)
    for run in runs().values():
        history = client.client().get_metric_history(run.info.run_id, "train/loss")
        assert (run.info.status, [metric.step for metric in history]) == ("FINISHED", list(range(1, 31)))
    assert (len(runs()), journals(mlflow_store)) == (3, [])


# servers


def answer(status: int, body: bytes, **headers: str):
    def send(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    return send


NONSENSE = {
    "a web page": answer(200, b"<html>hello http://bob:s3cret@here"),
    "nothing": answer(200, b""),
    "an empty object": answer(200, b"{}"),
    "a list": answer(200, b"[]"),
    "a wrong shape": answer(200, b'{"experiments": 5, "experiment": {"experiment_id": {}}}'),
    "an experiment without a name": answer(200, b'{"experiments": [{}], "experiment": {}}'),
    "no UTF-8": answer(200, b'\xff{"experiments": []}'),
    "not found": answer(404, b"nope"),
    "an error that echoes the password": answer(403, b'{"error_code": "PERMISSION_DENIED", "message": "bob:s3cret@x"}'),
    "a fault of two lines": answer(500, b"boom\nboom"),
    "come back in an hour": answer(503, b"", **{"Retry-After": "3600"}),
    "go there, in a circle": answer(302, b"", Location="/api/2.0/mlflow/experiments/search"),
    "half an answer": answer(200, b"{", **{"Content-Length": "2", "Connection": "close"}),
    "an answer that never ends": lambda request: time.sleep(2),
}


@pytest.fixture
def nonsense(request):
    """The address, with a password, of a server that gives the same answer to every request."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            NONSENSE[request.param](self)

        do_POST = do_PATCH = do_GET

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://bob:{SECRET}@127.0.0.1:{server.server_port}"
        server.shutdown()


def everything_written(root: Path) -> bytes:
    return b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize("nonsense", NONSENSE, indirect=True)
def test_a_server_that_answers_nonsense_costs_a_line_and_no_event_and_no_secret(nonsense, server, monkeypatch, capfd):
    monkeypatch.setattr(client, "ANSWER_TIMEOUT", 0.5)
    monkeypatch.setattr(event_queue, "CLOSE_TIMEOUT", 0.5)
    monkeypatch.setattr(tracking, "CLOSE_TIMEOUT", 0.5)
    root = server(nonsense)
    with pytest.raises(ServiceError, match="the model registry failed") as caught, mlflow_service.required():
        client.experiment("pets")
        registry.champion("pets-classifier")
    with started_run() as run:
        run.metrics({"loss": 0.5})
    output = "".join(capfd.readouterr())
    assert "\n" not in str(caught.value) and "Traceback" not in output
    assert SECRET not in str(caught.value) + output and "bob" not in str(caught.value) + output
    assert SECRET.encode() not in everything_written(root)
    (name,) = journals(root)  # nothing was rejected: it is the server that is wrong
    assert (root / ".cache" / "tracking" / name).read_bytes().count(b"\n") == 3


SERVE = """
import sys
from mlflow.server import app, handlers
from werkzeug.serving import make_server
handlers.initialize_backend_stores(sys.argv[1], default_artifact_root=sys.argv[2])
with make_server("127.0.0.1", 0, app, threaded=True) as server:
    print(server.server_port, flush=True)
    server.serve_forever()
"""


@pytest.mark.slow
def test_an_mlflow_server_works_and_nobody_sees_the_password(
    tmp_path, server, empty_database, capfd, warm_python, monkeypatch
):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")  # its first answer takes seconds on a busy machine
    served = f"sqlite:///{shutil.copy(empty_database, tmp_path / 'served.db')}"
    command = [warm_python, "-c", SERVE, served, str(tmp_path / "art")]
    environ = {**os.environ, "_MLFLOW_SERVER_FILE_STORE": served}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with running(command, env=environ, **pipes) as serving:
        root = server(f"http://bob:{SECRET}@127.0.0.1:{serving.stdout.readline().strip()}")
        with started_run() as run:
            run.metrics({"loss": 0.5})
            run.text("figures/a.svg", "<svg/>")
        logged = runs()["cnn"]
    assert (logged.info.status, logged.data.metrics) == ("FINISHED", {"loss": 0.5})
    assert SECRET not in "".join(capfd.readouterr()) + json.dumps(logged.data.tags)
    assert SECRET.encode() not in everything_written(root)


SPY = """
import socket, sys
calls = []
real = socket.socket.connect
socket.socket.connect = lambda self, address: (calls.append(address), real(self, address))[1]
socket.getaddrinfo = lambda *args, **more: calls.append(args) or (_ for _ in ()).throw(OSError("no network"))
from darkroom.mlflow_client.events import Experiment
from darkroom.runtime import lean_keras
from darkroom.tracking import tracking
lean_keras.install()
import mlflow.keras
with tracking.run("cnn", Experiment("pets", {}), key="k", params={"a": 1}) as run:
    run.metrics({"loss": 0.5})
    assert run.id
print(calls)
"""


@pytest.mark.slow
def test_neither_import_nor_run_connects_to_anything_but_the_store(mlflow_store):
    environ = {**os.environ, "DVC_ROOT": str(mlflow_store)}
    done = subprocess.run([sys.executable, "-c", SPY], env=environ, capture_output=True, text=True, cwd=mlflow_store)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_an_address_that_mlflow_cannot_use_is_refused(server):
    server("./mlruns")
    with pytest.raises(EnvironmentFault, match="mlflow migrate-filestore"):
        client.client()


# events


POISON = {
    "fields are missing": {"kind": "start", "key": "k"},
    "an unknown kind": {"kind": "confetti", "key": "cnn"},
    "a step too large for a database": metric_event("cnn", 2**70),
    "a time that is text": {**metric_event("cnn", 1), "time": "now"},
    "a value that is text": {**metric_event("cnn", 1), "values": {"loss": "low"}},
    "a name that MLflow refuses": {**metric_event("cnn", 1), "values": {"../loss": 0.5}},
    "a key that ends a filter": metric_event("x' or '1'='1", 1),
    "a run that never began": metric_event("nobody", 1),
    "a path that leaves the run": {"kind": "text", "key": "cnn", "time": 1, "path": "../../x", "text": ""},
    "a text of half a character": {"kind": "tags", "key": "cnn", "time": 1, "values": {"a": "\ud800"}},
    "an unknown status": {"kind": "end", "key": "cnn", "time": 1, "status": "PERHAPS"},
}


@pytest.mark.parametrize("poison", POISON)
def test_an_event_that_always_fails_is_rejected_and_the_rest_arrives(mlflow_store, monkeypatch, capfd, poison):
    monkeypatch.setattr(sender, "RETRY_DELAY", 0.0)
    ended = {"kind": "end", "key": "cnn", "time": 9, "status": "FINISHED"}
    events = [start_event("cnn"), metric_event("cnn", 1), POISON[poison], metric_event("cnn", 2), ended]
    write_journal(mlflow_store, *events)
    with started_run("next"):
        pass
    history = client.client().get_metric_history(runs()["cnn"].info.run_id, "loss")
    assert [metric.step for metric in history] == [1, 2]
    assert (runs()["cnn"].info.status, runs()["next"].info.status) == ("FINISHED", "FINISHED")
    assert journals(mlflow_store) == ["rejected.jsonl"]
    assert capfd.readouterr().err.count("warning") == 1


def test_a_damaged_journal_of_an_empty_store_stops_no_registration(mlflow_store, model_folder, capfd):
    write_journal(mlflow_store)
    (mlflow_store / ".cache" / "tracking" / "1-1.jsonl").write_bytes(b'\xff{"kind":"start","key":"k"}\n')
    assert registry.ensure_version("pets-classifier", model_folder("cnn"), Experiment("pets", {})) == 1
    assert journals(mlflow_store) == ["rejected.jsonl"]
    assert "cannot be used" in capfd.readouterr().err


def test_a_trial_whose_search_was_lost_has_no_parent(mlflow_store):
    ended = {"kind": "end", "key": "trial", "status": "FINISHED"}
    write_journal(mlflow_store, start_event("trial", parent="search"), ended)
    with started_run("next"):
        pass
    assert runs()["trial"].data.tags["darkroom.parent"] == "search"


def test_a_killed_run_is_no_longer_running_once_the_next_one_starts(mlflow_store):
    write_journal(mlflow_store, start_event("cnn"), metric_event("cnn", 1))
    with started_run("next"):
        pass
    assert runs()["cnn"].info.status == "KILLED"


def test_a_resumed_run_keeps_its_first_params_and_goes_on(mlflow_store, capfd):
    again = start_event("cnn", params={"train.epochs": "9", "train.batch": "32"})
    write_journal(mlflow_store, start_event("cnn", params={"train.epochs": "3"}), again, metric_event("cnn", 2))
    with started_run("next"):
        pass
    run = runs()["cnn"]
    assert run.data.params == {"train.epochs": "3", "train.batch": "32"}
    assert run.data.metrics == {"loss": 0.5}
    assert "warning" not in capfd.readouterr().err


def test_an_artifact_that_cannot_be_stored_is_lost_alone(mlflow_store, monkeypatch, capfd):
    monkeypatch.setattr(sender, "RETRY_DELAY", 0.0)
    (mlflow_store / "mlruns").write_text("no folder, so nothing can be stored below it")
    with started_run() as run:
        run.text("figures/a.svg", "<svg/>")
        run.metrics({"loss": 0.5})
    assert runs()["cnn"].data.metrics == {"loss": 0.5}
    assert (runs()["cnn"].info.status, journals(mlflow_store)) == ("FINISHED", ["rejected.jsonl"])


def test_events_wait_for_a_store_that_accepts_nothing(mlflow_store, monkeypatch, capfd):
    client.experiment("pets")
    for name in ("create_run", "set_experiment_tag"):  # a full disk, a database that may only be read
        monkeypatch.setattr(client.client(), name, lambda *args, **more: 1 / 0)
    with started_run() as run:
        run.metrics({"loss": 0.5})
    monkeypatch.undo()
    (name,) = journals(mlflow_store)
    assert name != "rejected.jsonl"


def test_a_journal_that_cannot_lie_in_the_store_lies_in_a_temporary_folder(mlflow_store, monkeypatch, tmp_path, capfd):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (mlflow_store / ".cache").mkdir(exist_ok=True)
    (mlflow_store / ".cache" / "tracking").write_text("no folder")
    with started_run() as run:
        run.metrics({"loss": 0.5})
    assert runs()["cnn"].data.metrics == {"loss": 0.5}
    assert "cannot hold the events" in capfd.readouterr().err


class Terminated(BaseException):
    """What a signal raises."""


def test_a_terminated_run_is_killed_and_waits_for_no_server(server, monkeypatch, capfd):
    with socket.socket() as silent:  # accepts and never answers
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        root = server(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(Terminated), started_run(parent="search"):
            start = time.monotonic()
            raise Terminated
        assert time.monotonic() - start < 5
    (name,) = journals(root)
    assert b'"status": "KILLED"' in (root / ".cache" / "tracking" / name).read_bytes()
