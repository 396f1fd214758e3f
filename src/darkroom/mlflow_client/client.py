"""MLflow: where it is, how it is opened, and whether it answers.

Without MLFLOW_TRACKING_URI everything goes to `mlflow.db` and `mlruns/` at the repository root, whatever the
current directory: `dvc exp run --temp` works in a copy, and its runs belong beside the others.
"""

import os
import threading
from functools import cache
from pathlib import Path

from darkroom.mlflow_client import database
from darkroom.mlflow_client.database import Unavailable
from darkroom.runtime import environment, files
from darkroom.runtime.errors import printable

QUIET = {  # MLflow's own defaults wait minutes for a server that is down, and print its address with the password
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",  # a server may ask for hours
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_UV_AUTO_DETECT": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",  # what goes wrong is said by us, in one line
}
ANSWER = 20.0  # seconds in which MLflow must have answered a question
RUN = "darkroom.run"  # the tag by which a run is found again


def root() -> Path:
    """The repository that DVC runs in; the current directory without DVC."""
    return Path(os.environ.get("DVC_ROOT") or ".").resolve()


@cache
def client():
    """The one MlflowClient of this process. The first process to come creates the default store; others wait.

    Raises EnvironmentFault (exit 5) for an address that MLflow cannot use, Unavailable for a database that is damaged
    or that another process holds.
    """
    environment.check()
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    os.environ["MLFLOW_TRACKING_URI"] = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root() / 'mlflow.db'}"
    from mlflow import MlflowClient

    with _alone():
        if path := _database():
            database.prepare(path, _create)
        found = MlflowClient()
        if path:
            found.search_experiments(max_results=1)  # looks at the version of the tables
    return found


def ask() -> None:
    """Ask MLflow something. Raises whatever it fails with, and Unavailable when no answer came in time.

    In a thread, because a server can send an answer of a byte a second for ever.
    """
    outcome: list = []

    def run() -> None:
        try:
            outcome.append(all(each.experiment_id for each in client().search_experiments(max_results=1)))
        except Exception as fault:  # raised again below, in the caller's thread
            outcome.append(fault)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(ANSWER)
    found = outcome[0] if outcome else Unavailable(f"no whole answer within {ANSWER:.0f} s")
    if isinstance(found, Exception):
        raise found
    if not found:
        raise Unavailable("the answer is not that of an MLflow server")


@cache
def experiment(name: str) -> str:
    """The id of the experiment, created when it is not there. Raises Unavailable when it was deleted."""
    mlflow = client()  # before the lock, which it takes itself
    with _alone():
        found = mlflow.get_experiment_by_name(name)
        if found is None:
            place = None if not _database() else (root() / "mlruns" / name).as_uri()
            return named(mlflow.create_experiment(name, artifact_location=place))
    if found.lifecycle_stage == "deleted":
        say = f"mlflow experiments restore -x {found.experiment_id}"
        raise Unavailable(f"the experiment {printable(name)} is deleted; restore it with `{say}`")
    return named(found.experiment_id)


def run_id(key: str) -> str | None:
    """The id of the latest run that `start` made for `key`."""
    found = latest_run(key)
    return found.info.run_id if found else None


def latest_run(key: str):
    """The latest run that `start` made for `key`, as MLflow gives it; None where there is none."""
    experiments = [found.experiment_id for found in client().search_experiments()]
    runs = client().search_runs(experiments, filter_string=f"tags.`{RUN}` = '{key}'", max_results=1)
    return runs[0] if runs else None


def named(identity: str) -> str:
    """`identity` as MLflow gave it. Raises Unavailable where a server that is not MLflow left it out."""
    if not identity:
        raise Unavailable("the answer is not that of an MLflow server")
    return identity


def is_server() -> bool:
    """Whether the store is anything but a file of SQLite."""
    return not _database()


def _database() -> Path | None:
    """The file of an SQLite store, None for any other store."""
    address = os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db"
    return Path(address.partition(":///")[2].partition("?")[0]) if address.startswith("sqlite") else None


def _create(path: Path) -> None:
    from mlflow import MlflowClient

    MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments(max_results=1)


def _alone():
    """Hold the lock under which the store and its experiments are made."""
    return files.locked(root() / ".cache" / "mlflow.lock")
