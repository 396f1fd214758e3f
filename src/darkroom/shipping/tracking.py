"""What MLflow is told while a model is made, and after it was judged.

An observer: it may only look. Nothing here raises, waits for a server or changes an output, so a training
with the server down ends as it would with the server up, a few seconds later at most.
"""

import math
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar

import numpy as np

from darkroom.errors import printable, warn
from darkroom.shipping import store
from darkroom.shipping.outbox import Outbox

_OPEN: ContextVar[tuple[Outbox, store.Mailman] | None] = ContextVar("open", default=None)
WATCHED = 10.0  # seconds between two looks at processor, memory and GPU


class Run:
    """One run of MLflow, known by `key` from the start and by `id` once the server has it."""

    def __init__(self, key: str, outbox: Outbox, mailman: store.Mailman):
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

    def model(self, network: object, images: np.ndarray, probabilities: np.ndarray) -> str | None:
        """Log a Keras model that takes `images` uint8 `(b, s, s, c)`; its address, or None when that failed."""
        found = self.id
        return _quietly("the model", lambda: log_model(found, network, images, probabilities)) if found else None

    def _put(self, kind: str, **values: object) -> None:
        _quietly(kind, lambda: self._outbox.put({"kind": kind, "key": self.key, "time": _now(), **values}))


@contextmanager
def run(
    name: str,
    *,
    experiment: str,
    params: Mapping[str, object],
    tags: Mapping[str, str],
    parent: str | None = None,
) -> Iterator[Run]:
    """A run, visible while the block runs. It ends FINISHED, FAILED on an error, KILLED on an interrupt.

    `parent` is the key of the run that this one belongs to.
    """
    with _begun(name, experiment, params, tags, parent, uuid.uuid4().hex) as it, _watched(it, parent):
        yield it


def link(it: Run, network: object, images: np.ndarray) -> dict:
    """Log the trained `network` and return what run.json keeps: run, run_id, model_uri (None where unknown)."""
    probabilities = np.asarray(network(images))  # type: ignore[operator]
    return {"run": it.key, "run_id": it.id, "model_uri": it.model(network, images, probabilities)}


def judged(name: str, facts: Mapping, rows: list[dict], scores: Mapping, figures: Mapping[str, str], **how) -> None:
    """Add test scores `{metric: {value, low, high}}` and SVG figures to the run that made the model.

    A store that lacks the run (DVC restored the model without training it here) gets it back from the model's
    own records. `how` is experiment and tags.
    """
    with reopened(name, facts, rows, **how) as it:
        it.metrics({f"test_{metric}": score["value"] for metric, score in scores.items()})
        bounds = {f"test_{metric}_{end}": score[end] for metric, score in scores.items() for end in ("low", "high")}
        it.metrics(bounds)
        for path, svg in figures.items():
            it.text(f"figures/{path}", svg)


@contextmanager
def reopened(name: str, facts: Mapping, rows: list[dict], *, experiment: str, tags: Mapping[str, str]) -> Iterator[Run]:
    """The run that made a model, from the model's `run.json` and history; made anew in a store that lacks it."""
    key = facts["run"]
    with _delivery() as delivery:
        if found := _quietly("the run", lambda: store.run_id(key)):
            delivery[1].ids[key] = found
            yield Run(key, *delivery)
            return
        restored = {**tags, "darkroom.restored": "from models/, not trained in this store"}
        with _begun(name, experiment, facts["params"], restored, None, key) as it:
            for row in rows:
                it.epoch(int(row["epoch"]), {key: float(value) for key, value in row.items()})
            yield it


def log_model(run_id: str | None, network: object, images: np.ndarray, probabilities: np.ndarray) -> str:
    """Store the Keras model with the signature uint8 `(-1, s, s, c)` to float32 `(-1, k)`; returns its address.

    MLflow would take the dtypes from the network, and be wrong: uint8 is recorded as float32. It would also put the
    model into the active experiment, so with a run it is created first, in the experiment of that run.
    """
    from importlib.metadata import version

    import mlflow.keras
    from mlflow.models import Model, infer_signature

    needs = [f"{name}=={version(name)}" for name in ("keras", "tensorflow", "numpy")]
    signature = infer_signature(np.asarray(images, "uint8"), np.asarray(probabilities, "float32"))
    client = store.client()
    where = {"name": "model"}
    if run_id:
        of = client.get_run(run_id)
        made = client.create_logged_model(
            of.info.experiment_id, name=of.info.run_name, source_run_id=run_id, params=of.data.params
        )
        where = {"run_id": run_id, "model_id": made.model_id}
    saved = Model.log(None, mlflow.keras, model=network, signature=signature, pip_requirements=needs, **where)
    return saved.model_uri


@contextmanager
def _begun(name: str, experiment: str, params: Mapping, tags: Mapping, parent: str | None, key: str) -> Iterator[Run]:
    with _delivery() as delivery:
        it = Run(key, *delivery)
        start = {"name": name, "experiment": experiment, "parent": parent, "source": sys.argv[0]}
        it._put("start", params={n: str(v) for n, v in params.items()}, tags=dict(tags), **start)
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
def _delivery() -> Iterator[tuple[Outbox, store.Mailman]]:
    """The outbox of this process; whoever opened it closes it."""
    if (opened := _OPEN.get()) is not None:
        yield opened
        return
    _quietly("the store", store.client)  # here, because two threads that import at once can trip
    mailman = store.Mailman()
    opened = (Outbox(store.root() / ".cache" / "tracking", mailman), mailman)
    token = _OPEN.set(opened)
    try:
        yield opened
    finally:
        _OPEN.reset(token)
        opened[0].close()


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
            _quietly("the system metrics", monitor.finish)


def _monitor(run_id: str):
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

    monitor = SystemMetricsMonitor(run_id, sampling_interval=WATCHED)
    monitor.start()
    return monitor


def _quietly(what: str, do: Callable):
    """The result of `do`, None after a warning when it fails."""
    try:
        return do()
    except Exception as fault:  # tracking may fail in any way; what it watches must not
        with suppress(Exception):
            warn(f"MLflow, {what}: {printable(str(fault).splitlines()[0][:200])}")
        return None


def _now() -> int:
    return int(time.time() * 1000)
