"""How an event reaches MLflow, and how a run comes back into a store that lost it."""

import getpass
import platform
import time
from collections.abc import Iterator, Mapping, Sequence

from darkroom.mlflow_client import client, event_queue, events
from darkroom.mlflow_client.database import Unavailable
from darkroom.mlflow_client.event_queue import Event, Refused
from darkroom.mlflow_client.events import Experiment
from darkroom.runtime.errors import brief

TRIES, AGAIN = 3, 1.0  # how often an event is brought to an MLflow that answers, and the seconds between
LONGEST = {"param": 6000, "tag": 8000}  # characters
AT_ONCE = 100  # params or tags in one call
ON_REQUEST = {"BAD_REQUEST", "INVALID_PARAMETER_VALUE", "RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST"}


def restore(name: str, facts: Mapping, rows: Sequence[Mapping], experiment: Experiment) -> str:
    """The id of the run that made a model; a store that lacks it gets it back from the model's own records."""
    bring = Mailman()
    event_queue.deliver_leftovers(
        client.root() / ".cache" / "tracking", bring
    )  # it may be one that was not delivered yet
    if not client.run_id(facts["run"]):
        for event in restoring(name, facts, rows, experiment):
            bring(event)
    return bring.ids.get(facts["run"]) or client.run_id(facts["run"])


def restoring(name: str, facts: Mapping, rows: Sequence[Mapping], experiment: Experiment) -> Iterator[Event]:
    """The events of a run that made a model elsewhere: `facts` are those of run.json, `rows` its history."""
    about = {"key": facts["run"], "time": int(time.time() * 1000)}
    restored = {**experiment.tags, "darkroom.restored": "from models/, not trained in this store"}
    params = {key: str(value) for key, value in facts["params"].items()}
    start = {"name": name, "experiment": experiment.name, "parent": None, "source": "models"}
    yield {"kind": "start", **about, **start, "params": params, "tags": restored}
    for row in rows:
        values = {key: float(value) for key, value in row.items() if key != "epoch"}
        yield {"kind": "metrics", **about, "step": int(row["epoch"]), "values": values}
    yield {"kind": "end", **about, "status": "FINISHED"}


class Mailman:
    """Brings events to MLflow. Remembers the id of each run it met; doing an event twice does no harm."""

    def __init__(self):
        self.ids: dict[str, str] = {}

    def __call__(self, event: Event) -> None:
        """Raises Refused for an event that MLflow does not take though it answers; the other faults are MLflow's own.

        So an event that fails each time costs itself and not all that come after it.
        """
        try:
            events.check(event)
        except ValueError as fault:
            raise Refused(f"it is no event of a run: {str(fault).replace(chr(10), ', ')}") from fault
        for tries in range(1, TRIES + 1):
            try:
                return self._bring(event)
            except Unavailable:
                raise
            except Exception as fault:  # MLflow can fail in any way
                wrong = isinstance(fault, Refused) or _on_request(fault)
                if not _answers() or not (wrong or self._writes(event)):
                    raise
                if wrong or tries == TRIES:
                    raise Refused(f"{event['kind']} of a run: {brief(fault)}") from fault
            time.sleep(AGAIN)

    def _bring(self, event: Event) -> None:
        {"start": self._start, "metrics": _metrics, "tags": _tags, "text": _text, "end": _end}[event["kind"]](
            event if event["kind"] == "start" else {**event, "id": self._id(event["key"])}
        )

    def _writes(self, event: Event) -> bool:
        """Whether MLflow takes something else for the same run: one whose disk is full answers but takes nothing."""
        try:
            if event["key"] in self.ids:
                client.client().set_tag(self.ids[event["key"]], "darkroom.asked", event["kind"])
            else:
                client.client().set_experiment_tag(
                    client.experiment(event["experiment"]), "darkroom.asked", event["kind"]
                )
        except Exception:  # how it fails does not matter
            return False
        return True

    def _id(self, key: str) -> str:
        found = self._known(key)
        if not found:
            raise Refused(f"there is no run {key}")
        return found

    def _known(self, key: str) -> str | None:
        if key not in self.ids and (found := client.run_id(key)):
            self.ids[key] = found
        return self.ids.get(key)

    def _start(self, event: Event) -> None:
        tags = event["tags"] | {client.RUN: event["key"], "mlflow.user": _user(), "mlflow.source.name": event["source"]}
        if event["parent"]:  # a run whose parent was lost stands alone
            parent = self._known(event["parent"])
            tags |= {"mlflow.parentRunId": parent} if parent else {"darkroom.parent": event["parent"]}
        there = client.experiment(event["experiment"])
        if going := _unfinished(event):
            found, had = going.info.run_id, going.data.params  # MLflow refuses another value: the first one stays
        else:
            found, had = (
                client.named(client.client().create_run(there, event["time"], tags, event["name"]).info.run_id),
                {},
            )
        self.ids[event["key"]] = found
        new = {name: value for name, value in event["params"].items() if name not in had}
        _params({**event, "id": found, "params": new})
        _dataset({**event, "id": found})


def _unfinished(event: Event):
    """The run of that key which this start goes on with: one that was killed or failed, or began with this very event.

    One that finished stays as it is: the same work done once more is another run.
    """
    found = client.latest_run(event["key"])
    if not found or (found.info.status == "FINISHED" and found.info.start_time != event["time"]):
        return None
    if found.info.status in ("KILLED", "FAILED"):
        client.client().update_run(found.info.run_id, status="RUNNING")
    return found


def _params(event: Event) -> None:
    from mlflow.entities import Param

    found = [Param(name, str(value)[: LONGEST["param"]]) for name, value in event["params"].items()]
    for start in range(0, len(found), AT_ONCE):
        client.client().log_batch(event["id"], params=found[start : start + AT_ONCE])


def _dataset(event: Event) -> None:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    if digest := event["tags"].get("dvc.data"):
        data = Dataset(event["experiment"], digest, source_type="dvc", source=event["tags"].get("dvc.path", ""))
        client.client().log_inputs(event["id"], [DatasetInput(data, [InputTag("mlflow.data.context", "train")])])


def _metrics(event: Event) -> None:
    from mlflow.entities import Metric

    found = [Metric(name, value, event["time"], event["step"]) for name, value in event["values"].items()]
    client.client().log_batch(event["id"], metrics=found)


def _tags(event: Event) -> None:
    from mlflow.entities import RunTag

    found = [RunTag(name, str(value)[: LONGEST["tag"]]) for name, value in event["values"].items()]
    client.client().log_batch(event["id"], tags=found)


def _text(event: Event) -> None:
    client.client().log_text(event["id"], event["text"], event["path"])


def _end(event: Event) -> None:
    client.client().set_terminated(event["id"], event["status"], event.get("time"))


def _answers() -> bool:
    try:
        client.ask()
    except Exception:  # how it fails does not matter
        return False
    return True


def _on_request(fault: Exception) -> bool:
    """Whether MLflow says that the request is wrong. It says so of a damaged database too, and means itself."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import DatabaseError

    wrong = isinstance(fault, MlflowException) and fault.error_code in ON_REQUEST
    return wrong and not isinstance(fault.__cause__, DatabaseError)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a user database
        return platform.node()
