"""MLflow: where it is, how it is opened, and how an event reaches it.

Without MLFLOW_TRACKING_URI everything goes to `mlflow.db` and `mlruns/` at the repository root, whatever the
current directory: `dvc exp run --temp` works in a copy, and its runs belong beside the others.
"""

import getpass
import os
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from darkroom import files
from darkroom.errors import printable
from darkroom.shipping import outbox
from darkroom.shipping.outbox import Event, Refused

PATIENCE = {  # MLflow's own defaults wait minutes for a server that is down
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_UV_AUTO_DETECT": "false",
    "MLFLOW_LOGGING_LEVEL": "ERROR",  # what goes wrong is said by us, in one line
}
RUN = "darkroom.run"  # the tag by which a run is found again
LONGEST = {"param": 6000, "tag": 8000}  # characters
AT_ONCE = 100  # params or tags in one call
ON_REQUEST = {"BAD_REQUEST", "INVALID_PARAMETER_VALUE", "RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST"}


def root() -> Path:
    """The repository that DVC runs in; the current directory without DVC."""
    return Path(os.environ.get("DVC_ROOT") or ".").resolve()


@cache
def client():
    """The one MlflowClient of this process. The first process to come creates the default store; others wait."""
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    os.environ["MLFLOW_TRACKING_URI"] = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root() / 'mlflow.db'}"
    from mlflow import MlflowClient

    with _alone():
        found = MlflowClient()
        if not _on_server():
            found.search_experiments(max_results=1)  # creates the tables
    return found


@cache
def experiment(name: str) -> str:
    """The id of the experiment, created when it is not there. Raises RuntimeError when it was deleted."""
    mlflow = client()  # before the lock, which it takes itself
    with _alone():
        found = mlflow.get_experiment_by_name(name)
        if found is None:
            place = None if _on_server() else (root() / "mlruns" / name).as_uri()
            return mlflow.create_experiment(name, artifact_location=place)
    if found.lifecycle_stage == "deleted":
        say = f"mlflow experiments restore -x {found.experiment_id}"
        raise RuntimeError(f"the experiment {printable(name)} is deleted; restore it with `{say}`")
    return found.experiment_id


def run_id(key: str) -> str | None:
    """The id of the latest run that `start` made for `key`."""
    found = _run(key)
    return found.info.run_id if found else None


def restore(name: str, facts: Mapping, rows: Sequence[Mapping], *, experiment: str, tags: Mapping[str, str]) -> str:
    """The id of the run that made a model; a store that lacks it gets it back from the model's own records."""
    bring = Mailman()
    outbox.deliver_leftovers(root() / ".cache" / "tracking", bring)  # it may be one that was not delivered yet
    if not run_id(facts["run"]):
        for event in restoring(name, facts, rows, experiment=experiment, tags=tags):
            bring(event)
    return bring.ids.get(facts["run"]) or run_id(facts["run"])


def restoring(
    name: str, facts: Mapping, rows: Sequence[Mapping], *, experiment: str, tags: Mapping[str, str]
) -> Iterator[Event]:
    """The events of a run that made a model elsewhere: `facts` are those of run.json, `rows` its history."""
    about = {"key": facts["run"], "time": int(time.time() * 1000)}
    restored = {**tags, "darkroom.restored": "from models/, not trained in this store"}
    params = {key: str(value) for key, value in facts["params"].items()}
    start = {"name": name, "experiment": experiment, "parent": None, "source": "models"}
    yield {"kind": "start", **about, **start, "params": params, "tags": restored}
    for row in rows:
        values = {key: float(value) for key, value in row.items() if key != "epoch"}
        yield {"kind": "metrics", **about, "step": int(row["epoch"]), "values": values}
    yield {"kind": "end", **about, "status": "FINISHED"}


def _run(key: str):
    experiments = [found.experiment_id for found in client().search_experiments()]
    runs = client().search_runs(experiments, filter_string=f"tags.`{RUN}` = '{key}'", max_results=1)
    return runs[0] if runs else None


class Mailman:
    """Brings events to MLflow. Remembers the id of each run it met; doing an event twice does no harm."""

    def __init__(self):
        self.ids: dict[str, str] = {}

    def __call__(self, event: Event) -> None:
        """Raises Refused for what MLflow calls a wrong request; whatever else goes wrong is worth another try."""
        from mlflow.exceptions import MlflowException

        try:
            {"start": self._start, "metrics": _metrics, "tags": _tags, "text": _text, "end": _end}[event["kind"]](
                event if event["kind"] == "start" else {**event, "id": self._id(event["key"])}
            )
        except MlflowException as fault:
            if fault.error_code in ON_REQUEST:
                raise Refused(str(fault)) from fault
            raise

    def _id(self, key: str) -> str:
        if key not in self.ids:
            found = run_id(key)
            if not found:
                raise Refused(f"there is no run {key}")
            self.ids[key] = found
        return self.ids[key]

    def _start(self, event: Event) -> None:
        tags = event["tags"] | {RUN: event["key"], "mlflow.user": _user(), "mlflow.source.name": event["source"]}
        if event["parent"]:
            tags["mlflow.parentRunId"] = self._id(event["parent"])
        there = experiment(event["experiment"])
        found = _unfinished(event) or client().create_run(there, event["time"], tags, event["name"]).info.run_id
        self.ids[event["key"]] = found
        _params({**event, "id": found})
        _dataset({**event, "id": found})


def _unfinished(event: Event) -> str | None:
    """The run of that key which this start goes on with: one that was killed or failed, or began with this very event.

    One that finished stays as it is: the same work done once more is another run.
    """
    found = _run(event["key"])
    if not found or (found.info.status == "FINISHED" and found.info.start_time != event["time"]):
        return None
    if found.info.status in ("KILLED", "FAILED"):
        client().update_run(found.info.run_id, status="RUNNING")
    return found.info.run_id


def _params(event: Event) -> None:
    from mlflow.entities import Param

    found = [Param(name, str(value)[: LONGEST["param"]]) for name, value in event["params"].items()]
    for start in range(0, len(found), AT_ONCE):
        client().log_batch(event["id"], params=found[start : start + AT_ONCE])


def _dataset(event: Event) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    if digest := event["tags"].get("dvc.data"):
        data = Dataset(event["experiment"], digest, source_type="dvc", source=event["tags"]["dvc.path"])
        client().log_inputs(event["id"], [DatasetInput(data, [InputTag("mlflow.data.context", "train")])])


def _metrics(event: Event) -> None:
    from mlflow.entities import Metric

    found = [Metric(name, value, event["time"], event["step"]) for name, value in event["values"].items()]
    client().log_batch(event["id"], metrics=found)


def _tags(event: Event) -> None:
    from mlflow.entities import RunTag

    found = [RunTag(name, str(value)[: LONGEST["tag"]]) for name, value in event["values"].items()]
    client().log_batch(event["id"], tags=found)


def _text(event: Event) -> None:
    client().log_text(event["id"], event["text"], event["path"])


def _end(event: Event) -> None:
    client().set_terminated(event["id"], event["status"], event.get("time"))


def _on_server() -> bool:
    return not os.environ["MLFLOW_TRACKING_URI"].startswith("sqlite:")


def _alone():
    """Hold the lock under which the store and its experiments are made."""
    return files.locked(root() / ".cache" / "mlflow.lock")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user database
        return platform.node()
