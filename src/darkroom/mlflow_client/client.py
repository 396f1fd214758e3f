"""Find the MLflow store, open it, and check that it answers.

Without MLFLOW_TRACKING_URI everything goes to `mlflow.db` and `mlruns/` at the repository root, whatever the
current directory: `dvc exp run --temp` works in a copy, and its runs belong with the others.
"""

import os
import threading
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from darkroom.mlflow_client import database
from darkroom.mlflow_client.database import Unavailable
from darkroom.runtime import environment, garbage, locks
from darkroom.runtime.errors import printable

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

SETTINGS = {  # MLflow's own defaults wait minutes for a server that is down, and print its address with the password
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",  # a server may ask for hours
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_UV_AUTO_DETECT": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",  # darkroom reports errors itself, in one line
}
ANSWER_TIMEOUT = 20.0  # seconds
RUN_TAG = "darkroom.run"  # holds the key of a run


def root() -> Path:
    """The repository that DVC runs in, or the current directory without DVC."""
    return Path(os.environ.get("DVC_ROOT") or ".").resolve()


@cache
def client() -> "MlflowClient":
    """The MlflowClient of this process. The first process creates the default store while others wait.

    Raises EnvironmentFault (exit 5) for an address that MLflow cannot use, Unavailable for a database that is damaged
    or that another process holds.
    """
    environment.check()
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    os.environ["MLFLOW_TRACKING_URI"] = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root() / 'mlflow.db'}"
    with garbage.uncollected():
        from mlflow import MlflowClient

    with _store_lock():
        if path := _database():
            database.prepare(path, _create)
        mlflow = MlflowClient()
        if path:
            mlflow.search_experiments(max_results=1)  # checks the version of the tables
    return mlflow


def ping() -> None:
    """Send MLflow a query. Raises whatever the query raises, and Unavailable when no answer came in time.

    It runs in a thread, because a server can send an answer at one byte per second for ever.
    """
    outcome: list[bool | Exception] = []
    mlflow = client()  # not in the time of an answer: a busy machine may import it, and create a database, for longer

    def query() -> None:
        try:
            outcome.append(all(experiment.experiment_id for experiment in mlflow.search_experiments(max_results=1)))
        except Exception as fault:  # raised again below, in the caller's thread
            outcome.append(fault)

    thread = threading.Thread(target=query, daemon=True)
    thread.start()
    thread.join(ANSWER_TIMEOUT)
    result = outcome[0] if outcome else Unavailable(f"no whole answer within {ANSWER_TIMEOUT:.0f} s")
    if isinstance(result, Exception):
        raise result
    if not result:
        raise Unavailable("the answer is not that of an MLflow server")


@cache
def experiment(name: str) -> str:
    """The id of the experiment, created when it does not exist. Raises Unavailable when it was deleted."""
    mlflow = client()  # before the lock, which it takes itself
    with _store_lock():
        existing = mlflow.get_experiment_by_name(name)
        if existing is None:
            artifacts = (root() / "mlruns" / name).as_uri() if _database() else None
            return require_id(mlflow.create_experiment(name, artifact_location=artifacts))
    if existing.lifecycle_stage == "deleted":
        command = f"mlflow experiments restore -x {existing.experiment_id}"
        raise Unavailable(f"the experiment {printable(name)} is deleted; restore it with `{command}`")
    return require_id(existing.experiment_id)


def run_id(key: str) -> str | None:
    """The id of the latest run that was started with `key`, None when there is none."""
    run = latest_run(key)
    return run.info.run_id if run else None


def latest_run(key: str) -> "Run | None":
    """The latest run that was started with `key`, None when there is none."""
    experiments = [experiment.experiment_id for experiment in client().search_experiments()]
    runs = client().search_runs(experiments, filter_string=f"tags.`{RUN_TAG}` = '{key}'", max_results=1)
    return runs[0] if runs else None


def require_id(value: str) -> str:
    """`value`, an id that MLflow returned. Raises Unavailable when it is empty: the server is not MLflow."""
    if not value:
        raise Unavailable("the answer is not that of an MLflow server")
    return value


def is_server() -> bool:
    """Whether the store is anything but an SQLite file."""
    return not _database()


def _database() -> Path | None:
    """The file of an SQLite store, None for other stores."""
    address = os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db"
    return Path(address.partition(":///")[2].partition("?")[0]) if address.startswith("sqlite") else None


def _create(path: Path) -> None:
    from mlflow import MlflowClient

    MlflowClient(tracking_uri=f"sqlite:///{path}").search_experiments(max_results=1)


def _store_lock() -> AbstractContextManager[None]:
    """The lock under which the store and its experiments are created."""
    return locks.locked(root() / ".cache" / "mlflow.lock")
