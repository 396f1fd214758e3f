"""Search for better hyperparameters: trials in worker processes, in an order that any later run repeats.

Trial 0 is always the model of params.yaml, so a search never ends below it; a trial that fails, or dies with its
worker, costs that trial only. An oracle is asked ahead, and receives results in the order of its proposals, not in that
of their ends. So the proposals are the same with one worker or many, and a killed search resumes by replay: a new
oracle is asked again and finished trials are read from the journal. Hyperband's later rungs resume from the earlier
rung's state.

The price: with a Bayesian search or Hyperband workers may wait for the oldest trial, and losses differ in their last
digits with the number of threads that compute them.
"""

import json
import math
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, cast

from darkroom.networks.tuned import Tuned
from darkroom.params import Model, Tune
from darkroom.runtime import backends, files, progress
from darkroom.runtime.errors import TrainingError, warn
from darkroom.training import checksummed, device
from darkroom.training.session import Row
from darkroom.tune import oracles, trial
from darkroom.tune.jobs import Job, Jobs, with_overrides
from darkroom.tune.trial import Result, Setup, Task
from darkroom.workers import engine
from darkroom.workers.engine import Tasks
from darkroom.workers.task_pool import Event

COLUMNS = ("trial", "status", "epochs", "val_loss", "val_accuracy")  # of trials.csv, before the hyperparameters
CURVE_COLUMNS = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss")
SHOWN_REASONS = 5  # at most, when all trials failed
MAX_MEMORY_GROWTH = 1 << 30  # bytes; a worker that grew by more since its first trial is replaced


class TrialRun(Protocol):
    """The tracked run of one trial."""

    def epoch(self, epoch: int, row: Row) -> None: ...


class OpenRun(Protocol):
    """Open the run of a trial, named `name`; it ends with the block."""

    def __call__(self, name: str, *, params: Mapping[str, object]) -> AbstractContextManager[TrialRun]: ...


@dataclass(frozen=True)
class Trial:
    """A trial that ended."""

    number: int
    hparams: Model
    result: Result

    def values(self, names: list[str]) -> dict[str, Any]:
        """The hyperparameters `names` of this trial."""
        return {name: getattr(self.hparams, name) for name in names}


@dataclass(frozen=True)
class SearchResult:
    """The best trial, as best.json holds it, and all of them; `space` are the hyperparameters that were searched."""

    best: Tuned
    trials: list[Trial]
    space: list[str]

    def __str__(self) -> str:
        if not self.trials:
            return "no search: tune.algorithm is none, so the model of params.yaml is trained"
        values = "".join(f", {name} {self.best['values'][name]}" for name in self.space)
        accuracy = f"validation accuracy {self.best['val_accuracy']:.4f}"
        return f"{len(self.trials)} trials, the best is number {self.best['trial']}: {accuracy}{values}"


def search(config: Tune, model: Model, setup: Setup, *, state: Path, open_run: OpenRun) -> SearchResult:
    """Try values of `config.space` in place of those of `model`, and resume from `state`.

    Each trial has a run of its own, opened by `open_run`, which records each epoch. With algorithm `none` nothing is
    trained and `model` is the best. Raises TrainingError (exit 7) when no trial ends well.
    """
    space = list(config.space)
    if config.algorithm == "none":
        return SearchResult(Tuned(algorithm="none", trial=None, values=model.model_dump()), [], space)

    def task(job: Job) -> Task:
        return Task(setup, job.hparams, config.fit, job.epochs, state / job.folder)

    backends.take_gpu_memory_as_needed()
    gpus = len(device.gpus())
    count = trial.workers(config, gpus)
    start = partial(trial.start, workers=count, gpus=gpus)
    with (
        engine.task_pool(trial.attempt, start, count, max_growth=MAX_MEMORY_GROWTH) as pool,
        _Supervisor(pool, task, state, open_run, config.minutes) as supervisor,
        progress.shown("trials", config.trials) as show,
    ):
        oracle = oracles.oracle(config, model, seed=setup.seed, folder=state)
        trials: list[Trial] = []
        for job, result in _in_order(supervisor, oracle, config, model):
            trials.append(Trial(job.number, job.hparams, result))
            show(len(trials), _leader(trials))
    return SearchResult(_best(trials, model, config), trials, space)


def write_trials(path: Path, result: SearchResult) -> None:
    """Write trials.csv: one row per trial, with its scores, its searched hyperparameters and its error."""
    columns = [*COLUMNS, *result.space, "error"]
    rows = [dict(t.result) | t.values(result.space) | {"trial": t.number} for t in result.trials]
    files.write_rows(path, columns, ({column: row[column] for column in columns} for row in rows))


def write_curves(folder: Path, trials: list[Trial]) -> None:
    """Write a CSV file per trial, one row per epoch.

    DVC warns of an empty folder, so without trials there is a file that has a header only.
    """
    curves = {f"{t.number:03}": t.result["curve"] for t in trials if t.result["curve"]} or {"none": []}
    with files.replacing(folder) as partial_folder:
        for name, rows in curves.items():
            files.write_rows(partial_folder / f"{name}.csv", CURVE_COLUMNS, rows)


def _in_order(
    supervisor: "_Supervisor", oracle: oracles.Oracle, config: Tune, model: Model
) -> Iterator[tuple[Job, Result]]:
    """Each trial with its result. The oracle receives each before it is asked for more."""
    jobs = Jobs(config, model)
    pending: deque[tuple[Job, oracles.Proposal | None]] = deque([(jobs.first(), None)])
    seen: set[str] = set()
    while pending:
        while len(pending) < oracles.AHEAD[config.algorithm] and jobs.within_budget() and (proposal := oracle.ask()):
            pending.append((jobs.add(proposal), proposal))
        for job, _ in pending:
            supervisor.begin(job)
        job, proposal = pending.popleft()
        result = supervisor.result(job)
        if result is None:  # out of time
            continue
        if proposal:
            oracle.tell(proposal, result["val_loss"])
        if job.key not in seen:  # an oracle may propose what was tried before
            seen.add(job.key)
            yield job, result


class _Supervisor:
    """The trials in progress. Each is begun once, has a run of its own, and is journalled as it ends."""

    def __init__(self, pool: Tasks, task: Callable[[Job], Task], state: Path, open_run: OpenRun, minutes: float):
        self._pool, self._task, self._state, self._open_run = pool, task, state, open_run
        self._jobs: dict[Hashable, Job] = {}
        self._results: dict[Hashable, Result | None] = {}
        self._runs: dict[Hashable, tuple[AbstractContextManager[TrialRun], TrialRun]] = {}
        self._end = time.monotonic() + minutes * 60 if minutes else math.inf

    def __enter__(self) -> "_Supervisor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for context, _ in self._runs.values():
            context.__exit__(kind, fault, traceback)

    def begin(self, job: Job) -> None:
        if job.key in self._jobs:
            return
        self._jobs[job.key] = job
        engine.recall(self._journal(job))
        journalled = checksummed.content(self._journal(job))
        if journalled is None:
            self._pool.submit(job.key, self._task(job))
        else:
            self._results[job.key] = json.loads(journalled)

    def result(self, job: Job) -> Result | None:
        """Wait for the result of the job. None: no time was left for it."""
        while job.key not in self._results:
            if self._results and time.monotonic() > self._end:  # the first trial always runs
                self._results |= dict.fromkeys(self._pool.cancel())
            if job.key not in self._results:
                self._handle(self._pool.next())
        return self._results[job.key]

    def _handle(self, event: Event) -> None:
        job = self._jobs[event.key]
        if event.kind == "started":
            context = self._open_run(f"trial-{job.number}", params=job.hparams.model_dump())
            self._runs[event.key] = context, context.__enter__()
        elif event.kind == "message":
            epoch, row = cast(tuple[int, Row], event.value)
            self._runs[event.key][1].epoch(epoch, row)
        else:
            self._finish(job, event)

    def _finish(self, job: Job, event: Event) -> None:
        context, _ = self._runs.pop(job.key)
        result: Result
        if event.kind == "done":
            context.__exit__(None, None, None)
            result = cast(Result, event.value)
            with files.durable(self._journal(job)) as partial_file:
                checksummed.write(partial_file, lambda file: file.write(json.dumps(result).encode()))
            engine.keep(self._journal(job))
        else:  # not journalled: whatever the reason, a resumed search tries it again
            result = trial.failed(str(event.value))
            context.__exit__(RuntimeError, RuntimeError(event.value), None)
        self._results[job.key] = result
        if result["error"]:
            warn(f"trial {job.number} failed: {result['error']}")

    def _journal(self, job: Job) -> Path:
        return self._state / job.folder / f"{job.epochs}.json"


def _leader(trials: list[Trial]) -> str:
    accuracies = [t.result["val_accuracy"] for t in trials if t.result["val_accuracy"]]
    return f"best validation accuracy {max(accuracies):.4f}" if accuracies else "none ended well yet"


def _best(trials: list[Trial], model: Model, config: Tune) -> Tuned:
    losses = {t.number: t.result["val_loss"] for t in trials}
    finite = {number: loss for number, loss in losses.items() if loss is not None and math.isfinite(loss)}
    if not finite:
        raise TrainingError(
            "E_TRIALS",
            f"none of {len(trials)} trials ended well: {'; '.join(_reasons(trials, config))}",
            where="params.yaml: tune",
            fix="see the reasons; try smaller values in tune.space",
        )
    if len(finite) < len(trials):
        warn(f"{len(trials) - len(finite)} of {len(trials)} trials failed, see reports/trials.csv")
    top = next(t for t in trials if t.number == min(finite, key=finite.__getitem__))
    return Tuned(
        algorithm=config.algorithm,
        trial=top.number,
        val_loss=finite[top.number],
        val_accuracy=top.result["val_accuracy"] or 0.0,
        values=with_overrides(model, top.values(list(config.space))).model_dump(),
    )


def _reasons(trials: list[Trial], config: Tune) -> list[str]:
    """Each kind of failure once, with the first trial that it ended and its values."""
    first = {t.result["error"]: t for t in reversed(trials)}
    shown = list(reversed(first.values()))[:SHOWN_REASONS]
    more = [f"and {len(first) - SHOWN_REASONS} more reasons"] if len(first) > SHOWN_REASONS else []
    return [f"trial {t.number} ({_described(t, config)}): {t.result['error']}" for t in shown] + more


def _described(t: Trial, config: Tune) -> str:
    values = t.values(list(config.space)).items()
    return ", ".join(f"{hparam} {value}" for hparam, value in values) or "the model of params.yaml"
