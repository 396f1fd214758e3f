"""Record training and evaluation as MLflow runs.

Only an observer: nothing here raises or waits for a server, and nothing that it returns is written, so a training with
the server down ends as it would with the server up, a few seconds later at most.

A run has a key that its caller computes, so that it is found again although its id is stored nowhere.
"""

import math
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from darkroom.evaluation_folder import Cost
from darkroom.metrics.intervals import Score
from darkroom.mlflow_client import client, metric_names
from darkroom.mlflow_client.event_queue import CLOSE_TIMEOUT, INTERRUPT_TIMEOUT, EventQueue
from darkroom.mlflow_client.events import Description, End, Event, Experiment, Image, Metrics, Start, Tags, Text
from darkroom.mlflow_client.sender import MlflowSender, restored_events
from darkroom.register import log_model
from darkroom.runtime.errors import brief, warn
from darkroom.saving.model_folder import HistoryRow, RunFacts

if TYPE_CHECKING:
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

SAMPLING_INTERVAL = 10.0  # seconds between two samples of processor, memory and GPU

Result = TypeVar("Result")


class _Delivery(NamedTuple):
    """The queue of this process and the sender that it delivers to."""

    queue: EventQueue
    sender: MlflowSender


_OPEN: ContextVar[_Delivery | None] = ContextVar("open", default=None)


class Run:
    """A run of MLflow, identified by `key` from the start and by `id` once the server has it."""

    def __init__(self, key: str, delivery: _Delivery):
        self.key, self._delivery = key, delivery

    @property
    def id(self) -> str | None:
        """MLflow's id of the run; None while the server does not answer."""
        return self._delivery.sender.run_ids.get(self.key) if self._delivery.queue.flush() else None

    def epoch(self, epoch: int, row: Mapping[str, float]) -> None:
        """Log `row`, with the columns of HistoryRow, as metrics at step `epoch`."""
        self.metrics(metric_names.of_epoch(row), step=epoch)

    def metrics(self, values: Mapping[str, float | None], *, step: int = 0) -> None:
        """Log those of the values that are finite numbers."""
        numbers = {name: float(value) for name, value in values.items() if value is not None}
        finite = {name: value for name, value in numbers.items() if math.isfinite(value)}
        self._put("metrics", lambda: Metrics(key=self.key, time=_now(), step=step, values=finite))

    def tags(self, values: Mapping[str, object]) -> None:
        strings = {name: str(value) for name, value in values.items()}
        self._put("tags", lambda: Tags(key=self.key, time=_now(), values=strings))

    def text(self, path: str, text: str) -> None:
        """Log `text` as the artifact `path`."""
        self._put("text", lambda: Text(key=self.key, time=_now(), path=path, text=text))

    def image(self, name: str, png: bytes) -> None:
        """Log a PNG; MLflow shows it beside those of the same name in other runs. It replaces an earlier one."""
        text = b64encode(png).decode()
        self._put("image", lambda: Image(key=self.key, time=_now(), name=name, step=0, png=text))

    def model(self, folder: Path) -> None:
        """Log the model of a finished model folder."""
        if run_id := self.id:
            _safely("the model", lambda: log_model.log(folder, run_id))

    def _start(self, name: str, experiment: Experiment, params: Mapping[str, object], parent: str | None) -> None:
        strings = {param: str(value) for param, value in params.items()}
        self._put(
            "start",
            lambda: Start(
                key=self.key,
                time=_now(),
                name=experiment.run_name(name, self.key),
                experiment=experiment.name,
                parent=parent,
                source=sys.argv[0],
                params=strings,
                tags=experiment.run_tags(name),
            ),
        )

    def _end(self, status: Literal["FINISHED", "FAILED", "KILLED"]) -> None:
        self._put("end", lambda: End(key=self.key, time=_now(), status=status))

    def _restore(self, facts: RunFacts, history: Sequence[HistoryRow], experiment: Experiment) -> None:
        """Create the run again from the records of its model, unless the store has it."""
        if not _safely("the run", lambda: client.run_id(self.key)):
            for event in restored_events(facts, history, experiment):
                self._send(event)

    def _put(self, kind: str, make: Callable[[], Event]) -> None:
        if event := _safely(kind, make):
            self._send(event)

    def _send(self, event: Event) -> None:
        _safely(event.kind, lambda: self._delivery.queue.put(event.model_dump()))


@contextmanager
def run(
    name: str, experiment: Experiment, *, key: str, params: Mapping[str, object], parent: str | None = None
) -> Iterator[Run]:
    """A run that is visible while the block runs. It ends FINISHED, FAILED on an error, KILLED on an interrupt.

    `key` identifies the work: a run of that key which did not finish goes on. `parent` is the key of the run that this
    one is nested in.
    """
    with _delivery() as delivery:
        run = Run(key, delivery)
        run._start(name, experiment, params, parent)
        with _ended(run), _system_metrics(run, parent):
            yield run


@contextmanager
def trial(name: str, experiment: Experiment, *, params: Mapping[str, object], search: Run) -> Iterator[Run]:
    """The run of one trial, nested in that of its search; its key follows from both."""
    with run(name, experiment, key=f"{search.key}-{name}", params=params, parent=search.key) as nested:
        yield nested


class Evaluation(NamedTuple):
    """What the test images say about a model."""

    scores: Mapping[str, Score]
    cost: Cost
    figures: Mapping[str, str]  # SVG by file name
    pictures: Mapping[str, bytes]  # PNG by name


class Card(NamedTuple):
    """A model card, in Markdown, with what identifies the run of its model."""

    facts: RunFacts
    history: Sequence[HistoryRow]
    text: str


def log_evaluation(
    experiment: Experiment, facts: RunFacts, history: Sequence[HistoryRow], evaluation: Evaluation
) -> None:
    """Add test scores, cost and pictures to the run that trained the model.

    A store that lacks the run (DVC restored the model without training it here) gets it from the model's run.json,
    `facts`, and its history.
    """
    with _delivery() as delivery:
        run = Run(facts["run"], delivery)
        run._restore(facts, history, experiment)
        run.metrics(metric_names.of_scores(evaluation.scores) | _cost(evaluation.cost))
        run.tags({"architecture": facts["architecture"], "pretrained": facts["pretrained"] or False})
        for path, svg in evaluation.figures.items():
            run.text(f"figures/{path}", svg)
        for name, png in evaluation.pictures.items():
            run.image(name, png)


def log_cards(experiment: Experiment, cards: Mapping[str, Card]) -> None:
    """Make each card, by model, the description of the run that trained the model. A store that lacks it gets it."""
    with _delivery() as delivery:
        for card in cards.values():
            run = Run(card.facts["run"], delivery)
            run._restore(card.facts, card.history, experiment)
            run.tags({"mlflow.note.content": card.text})


def describe_version(name: str, version: int, card: Card) -> None:
    """Make the model card the description of a version in the model registry."""
    with _delivery() as delivery:
        run = Run(card.facts["run"], delivery)
        run._put(
            "description", lambda: Description(key=run.key, time=_now(), name=name, version=version, text=card.text)
        )


def _cost(cost: Cost) -> dict[str, float | None]:
    return {
        "test_cost/latency_ms": cost["latency_ms"]["value"],
        "test_cost/images_per_second": cost["throughput"],
        "test_cost/megabytes": cost["bytes"] / 1e6,
        "test_cost/multiply_adds": cost["multiply_adds"],
    }


@contextmanager
def _ended(run: Run) -> Iterator[None]:
    status: Literal["FINISHED", "FAILED", "KILLED"] = "KILLED"
    try:
        yield
        status = "FINISHED"
    except Exception:
        status = "FAILED"
        raise
    finally:
        run._end(status)


@contextmanager
def _delivery() -> Iterator[_Delivery]:
    """The queue of this process; whoever opened it closes it."""
    if (opened := _OPEN.get()) is not None:
        yield opened
        return
    _safely("the store", client.client)  # here, because two threads that import at once can fail
    sender = MlflowSender()
    delivery = _Delivery(_queue(sender), sender)
    token = _OPEN.set(delivery)
    timeout = INTERRUPT_TIMEOUT
    try:
        yield delivery
        timeout = CLOSE_TIMEOUT
    except Exception:
        timeout = CLOSE_TIMEOUT
        raise
    finally:
        _OPEN.reset(token)
        delivery.queue.close(timeout)


def _queue(sender: MlflowSender) -> EventQueue:
    """The queue in the folder of the store; in a temporary folder when that cannot be written or locked."""
    folder = client.root() / ".cache" / "tracking"
    try:
        return EventQueue(folder, sender)
    except OSError as fault:
        temporary = Path(tempfile.mkdtemp(prefix="darkroom-tracking-"))
        warn(f"{folder} cannot hold the events for MLflow ({brief(fault)}); they wait in {temporary}")
        return EventQueue(temporary, sender)


@contextmanager
def _system_metrics(run: Run, parent: str | None) -> Iterator[None]:
    """Log processor, memory, disk, network and GPU of a run that is not nested in another."""
    run_id = run.id if parent is None else None
    monitor = _safely("the system metrics", lambda: _monitor(run_id)) if run_id else None
    try:
        yield
    finally:
        if monitor:
            _safely("the system metrics", lambda: _stop(monitor))


def _monitor(run_id: str) -> "SystemMetricsMonitor":
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

    monitor = SystemMetricsMonitor(run_id, sampling_interval=SAMPLING_INTERVAL)
    monitor.start()
    return monitor


def _stop(monitor: "SystemMetricsMonitor") -> None:
    """Stop without waiting for the last sample to be sent, which can take as long as the server likes."""
    last = threading.Thread(target=monitor.finish, daemon=True)
    last.start()
    last.join(INTERRUPT_TIMEOUT)


def _safely(what: str, action: Callable[[], Result]) -> Result | None:
    """The result of `action`, or None after a warning when it fails."""
    try:
        return action()
    except Exception as fault:  # tracking may fail in any way; what it records must not
        with suppress(Exception):
            warn(f"MLflow, {what}: {brief(fault)}")
        return None


def _now() -> int:
    return int(time.time() * 1000)
