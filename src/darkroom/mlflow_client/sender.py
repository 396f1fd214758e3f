"""Send events to MLflow, and restore a run that a store lost."""

import getpass
import platform
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from darkroom.mlflow_client import client, event_queue, events, image_files, journal, metric_names
from darkroom.mlflow_client.database import Unavailable
from darkroom.mlflow_client.event_queue import Refused
from darkroom.mlflow_client.events import Description, End, Event, Experiment, Image, Metrics, Start, Tags, Text
from darkroom.runtime.errors import brief
from darkroom.saving.model_folder import HistoryRow, RunFacts

if TYPE_CHECKING:
    from mlflow.entities import Run

ATTEMPTS, RETRY_DELAY = 3, 1.0  # to send an event to an MLflow that answers, and the seconds between them
LONGEST_PARAM, LONGEST_TAG, LONGEST_DESCRIPTION = 6000, 8000, 5000  # characters that MLflow's tables hold
BATCH = 100  # params in one call
RESTORED = "darkroom.restored"  # tag of a run that was made from the records of its model
BAD_REQUEST = {"BAD_REQUEST", "INVALID_PARAMETER_VALUE", "RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST"}


def restore(facts: RunFacts, history: Sequence[HistoryRow], experiment: Experiment) -> str:
    """The id of the run that trained a model; a store that lacks it gets it from the records of the model.

    Raises Unavailable, or whatever MLflow raises, when the run cannot be created.
    """
    sender, key = MlflowSender(), facts["run"]
    event_queue.deliver_leftovers(client.root() / ".cache" / "tracking", sender)  # the run may be among them
    if not client.run_id(key):
        for event in restored_events(facts, history, experiment):
            sender(event.model_dump())
    return client.require_id(sender.run_ids.get(key) or client.run_id(key) or "")


def restored_events(facts: RunFacts, history: Sequence[HistoryRow], experiment: Experiment) -> Iterator[Event]:
    """The events of a run that trained a model elsewhere, from the model's run.json and history.csv."""
    key, now = facts["run"], int(time.time() * 1000)
    yield Start(
        key=key,
        time=now,
        name=experiment.run_name(facts["name"], key),
        experiment=experiment.name,
        parent=None,
        source="models",
        params={name: str(value) for name, value in facts["params"].items()},
        tags=experiment.run_tags(facts["name"]) | {RESTORED: "from models/, not trained in this store"},
    )
    for row in history:
        yield Metrics(key=key, time=now, step=row["epoch"], values=metric_names.of_epoch(row))
    yield End(key=key, time=now, status="FINISHED")


class MlflowSender:
    """Sends events to MLflow. Remembers the id of each run; sending an event twice does no harm."""

    def __init__(self) -> None:
        self.run_ids: dict[str, str] = {}  # by the key of the run
        self._needless: set[str] = set()  # keys of runs that are being restored, and that the store has after all

    def __call__(self, event: journal.Event) -> None:
        """Raises Refused for an event that MLflow rejects although it answers; any other exception is MLflow's own.

        So an event that fails each time is lost alone, and holds up none of the events that follow it.
        """
        try:
            parsed = events.parse(event)
        except ValueError as fault:
            raise Refused(f"it is not an event of a run: {str(fault).replace(chr(10), ', ')}") from fault
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._send(parsed)
            except Unavailable:
                raise
            except Exception as fault:  # MLflow can fail in any way
                is_bad = isinstance(fault, Refused) or _is_bad_request(fault)
                if not _answers() or not (is_bad or self._accepts_tag(parsed)):
                    raise
                if is_bad or attempt == ATTEMPTS:
                    raise Refused(f"{parsed.kind} of a run: {brief(fault)}") from fault
            time.sleep(RETRY_DELAY)

    def _send(self, event: Event) -> None:
        if isinstance(event, Start):
            return self._start(event)
        if isinstance(event, Description):
            return _describe(event)
        if event.key in self._needless and isinstance(event, Metrics | End):
            return self._needless.difference_update({event.key} if isinstance(event, End) else ())
        run_id = self._run_id(event.key)
        if not run_id:
            raise Refused(f"there is no run {event.key}")
        match event:
            case Metrics():
                _log_metrics(run_id, event)
            case Tags():
                _set_tags(run_id, event)
            case Text():
                client.client().log_text(run_id, event.text, event.path)
            case Image():
                image_files.log(run_id, event)
            case End():
                client.client().set_terminated(run_id, event.status, event.time)

    def _accepts_tag(self, event: Event) -> bool:
        """Whether MLflow stores a tag of the same run: one whose disk is full answers but stores nothing."""
        try:
            if event.key in self.run_ids:
                client.client().set_tag(self.run_ids[event.key], "darkroom.probe", event.kind)
            elif isinstance(event, Start):
                client.client().set_experiment_tag(client.experiment(event.experiment), "darkroom.probe", event.kind)
            else:
                return False
        except Exception:  # how it fails does not matter
            return False
        return True

    def _run_id(self, key: str) -> str | None:
        if key not in self.run_ids and (run_id := client.run_id(key)):
            self.run_ids[key] = run_id
        return self.run_ids.get(key)

    def _start(self, event: Start) -> None:
        if RESTORED in event.tags and (known := client.latest_run(event.key)) and known.info.start_time != event.time:
            self._needless.add(event.key)  # the server was down when it was asked whether it has the run
            self.run_ids[event.key] = known.info.run_id
            return
        if run := _unfinished(event):
            run_id, existing = run.info.run_id, run.data.params  # MLflow refuses other values: the first ones stay
        else:
            run_id, existing = self._create(event), {}
        self.run_ids[event.key] = run_id
        _log_params(run_id, {name: value for name, value in event.params.items() if name not in existing})
        _log_dataset(run_id, event)

    def _create(self, event: Start) -> str:
        tags = event.tags | {client.RUN_TAG: event.key, "mlflow.user": _user(), "mlflow.source.name": event.source}
        if event.parent:  # a run whose parent was lost has no parent in MLflow
            parent = self._run_id(event.parent)
            tags |= {"mlflow.parentRunId": parent} if parent else {"darkroom.parent": event.parent}
        experiment = client.experiment(event.experiment)
        run = client.client().create_run(experiment, event.time, tags, event.name)
        return client.require_id(run.info.run_id)


def _unfinished(event: Start) -> "Run | None":
    """The run that this start continues: one of the same key that was killed or failed, or began with this very event.

    A finished run stays as it is: doing the same work again is another run.
    """
    run = client.latest_run(event.key)
    if not run or (run.info.status == "FINISHED" and run.info.start_time != event.time):
        return None
    if run.info.status in ("KILLED", "FAILED"):
        client.client().update_run(run.info.run_id, status="RUNNING")
    return run


def _log_params(run_id: str, values: dict[str, str]) -> None:
    from mlflow.entities import Param

    params = [Param(name, value[:LONGEST_PARAM]) for name, value in values.items()]
    for start in range(0, len(params), BATCH):
        client.client().log_batch(run_id, params=params[start : start + BATCH])


def _log_dataset(run_id: str, event: Start) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    if digest := event.tags.get("dvc.data"):
        data = Dataset(event.experiment, digest, source_type="dvc", source=event.tags.get("dvc.path", ""))
        client.client().log_inputs(run_id, datasets=[DatasetInput(data, [InputTag("mlflow.data.context", "train")])])


def _log_metrics(run_id: str, event: Metrics) -> None:
    from mlflow.entities import Metric

    metrics = [Metric(name, value, event.time, event.step) for name, value in event.values.items()]
    client.client().log_batch(run_id, metrics=metrics)


def _set_tags(run_id: str, event: Tags) -> None:
    from mlflow.entities import RunTag

    tags = [RunTag(name, value[:LONGEST_TAG]) for name, value in event.values.items()]
    client.client().log_batch(run_id, tags=tags)


def _describe(event: Description) -> None:
    client.client().update_model_version(event.name, str(event.version), event.text[:LONGEST_DESCRIPTION])


def _answers() -> bool:
    try:
        client.ping()
    except Exception:  # how it fails does not matter
        return False
    return True


def _is_bad_request(fault: Exception) -> bool:
    """Whether MLflow blames the request. It also blames the request for a damaged database, which is not meant here."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import DatabaseError

    is_bad = isinstance(fault, MlflowException) and fault.error_code in BAD_REQUEST
    return is_bad and not isinstance(fault.__cause__, DatabaseError)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user database
        return platform.node()
