"""What MLflow is told while a model is made, and after it was judged.

An observer: it may only look. Nothing here raises or waits for a server, and nothing that it returns is written, so a
training with the server down ends as it would with the server up, a few seconds later at most.

A run is known by a key that whoever starts it computes, so that it is found again without its id being kept anywhere.
"""

import math
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from darkroom.mlflow_client import client
from darkroom.mlflow_client.event_queue import GRACE, HURRY, Outbox
from darkroom.mlflow_client.events import Experiment
from darkroom.mlflow_client.sender import Mailman, restoring
from darkroom.register import log_model
from darkroom.runtime.errors import brief, warn

_OPEN: ContextVar[tuple[Outbox, Mailman] | None] = ContextVar("open", default=None)
WATCHED = 10.0  # seconds between two looks at processor, memory and GPU


class Run:
    """One run of MLflow, known by `key` from the start and by `id` once the server has it."""

    def __init__(self, key: str, outbox: Outbox, mailman: Mailman):
        self.key, self._outbox, self._mailman = key, outbox, mailman

    @property
    def id(self) -> str | None:
        """MLflow's id of the run; None while the server is not there."""
        return self._mailman.ids.get(self.key) if self._outbox.settle() else None

    def epoch(self, epoch: int, row: Mapping[str, float]) -> None:
        """`row` as metrics at step `epoch`."""
        self.metrics({name: value for name, value in row.items() if name != "epoch"}, step=epoch)

    def metrics(self, values: Mapping[str, float], *, step: int = 0) -> None:
        numbers = {name: float(value) for name, value in values.items() if value is not None}
        self._put("metrics", step=step, values={n: v for n, v in numbers.items() if math.isfinite(v)})

    def tags(self, values: Mapping[str, object]) -> None:
        self._put("tags", values={name: str(value) for name, value in values.items()})

    def text(self, path: str, text: str) -> None:
        """`text` as the artifact `path`."""
        self._put("text", path=path, text=text)

    def model(self, folder: Path) -> None:
        """Log the model of a finished model folder."""
        if found := self.id:
            _quietly("the model", lambda: log_model.log(folder, found))

    def _put(self, kind: str, **values: object) -> None:
        self._send({"kind": kind, "key": self.key, "time": _now(), **values})

    def _send(self, event: Mapping) -> None:
        _quietly(event["kind"], lambda: self._outbox.put(dict(event)))


@contextmanager
def run(
    name: str, experiment: Experiment, *, key: str, params: Mapping[str, object], parent: str | None = None
) -> Iterator[Run]:
    """A run, visible while the block runs. It ends FINISHED, FAILED on an error, KILLED on an interrupt.

    `key` says what is done: a run of that key which did not finish goes on. `parent` is the key of the run that this
    one belongs to.
    """
    with _begun(name, experiment, params, parent, key) as it, _watched(it, parent):
        yield it


@contextmanager
def trial(name: str, experiment: Experiment, *, params: Mapping[str, object], of: Run) -> Iterator[Run]:
    """The run of one trial, nested in that of its search, with a key that follows from both."""
    with run(name, experiment, key=f"{of.key}-{name}", params=params, parent=of.key) as it:
        yield it


def judged(
    experiment: Experiment, facts: Mapping, rows: Sequence[Mapping], scores: Mapping, figures: Mapping[str, str]
) -> None:
    """Add test scores `{metric: {value, low, high}}` and SVG figures to the run that made the model.

    A store that lacks the run (DVC restored the model without training it here) gets it back from the model's
    own records, its `facts` of run.json and the `rows` of its history.
    """
    with _delivery() as delivery:
        it = Run(facts["run"], *delivery)
        if not _quietly("the run", lambda: client.run_id(it.key)):
            for event in restoring(facts["name"], facts, rows, experiment):
                it._send(event)
        it.metrics({f"test_{metric}": score["value"] for metric, score in scores.items()})
        bounds = {f"test_{metric}_{end}": score[end] for metric, score in scores.items() for end in ("low", "high")}
        it.metrics(bounds)
        for path, svg in figures.items():
            it.text(f"figures/{path}", svg)


@contextmanager
def _begun(name: str, experiment: Experiment, params: Mapping, parent: str | None, key: str) -> Iterator[Run]:
    with _delivery() as delivery:
        it = Run(key, *delivery)
        start = {"name": name, "experiment": experiment.name, "parent": parent, "source": sys.argv[0]}
        it._put("start", params={n: str(v) for n, v in params.items()}, tags=dict(experiment.tags), **start)
        status = "KILLED"
        try:
            yield it
            status = "FINISHED"
        except Exception:
            status = "FAILED"
            raise
        finally:
            it._put("end", status=status)


@contextmanager
def _delivery() -> Iterator[tuple[Outbox, Mailman]]:
    """The outbox of this process; whoever opened it closes it."""
    if (opened := _OPEN.get()) is not None:
        yield opened
        return
    _quietly("the store", client.client)  # here, because two threads that import at once can trip
    mailman = Mailman()
    opened = (_outbox(mailman), mailman)
    token = _OPEN.set(opened)
    try:
        with _patience() as patience:
            yield opened
    finally:
        _OPEN.reset(token)
        opened[0].close(patience[-1])


def _outbox(mailman: Mailman) -> Outbox:
    """The outbox beside the store; in a temporary folder where that cannot be written or locked."""
    home = client.root() / ".cache" / "tracking"
    try:
        return Outbox(home, mailman)
    except OSError as fault:
        elsewhere = Path(tempfile.mkdtemp(prefix="darkroom-tracking-"))
        warn(f"{home} cannot hold the events for MLflow ({brief(fault)}); they wait in {elsewhere}")
        return Outbox(elsewhere, mailman)


@contextmanager
def _patience() -> Iterator[list[float]]:
    """A list whose last entry is how many seconds the end may take: fewer once the block was interrupted."""
    found = [GRACE]
    try:
        yield found
    except Exception:
        raise
    except BaseException:
        found.append(HURRY)
        raise


@contextmanager
def _watched(it: Run, parent: str | None) -> Iterator[None]:
    """Log processor, memory, disk, network and GPU of a run that is not part of another."""
    monitor = None
    if parent is None and it._outbox.settle() and it.id:
        monitor = _quietly("the system metrics", lambda: _monitor(it.id))
    try:
        yield
    finally:
        if monitor:
            _quietly("the system metrics", lambda: _stop(monitor))


def _monitor(run_id: str):
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

    monitor = SystemMetricsMonitor(run_id, sampling_interval=WATCHED)
    monitor.start()
    return monitor


def _stop(monitor) -> None:
    """It would wait for its last look at the server, however long that takes."""
    last = threading.Thread(target=monitor.finish, daemon=True)
    last.start()
    last.join(HURRY)


def _quietly(what: str, do: Callable):
    """The result of `do`, None after a warning when it fails."""
    try:
        return do()
    except Exception as fault:  # tracking may fail in any way; what it watches must not
        with suppress(Exception):
            warn(f"MLflow, {what}: {brief(fault)}")
        return None


def _now() -> int:
    return int(time.time() * 1000)
