"""Look for better hyperparameters: trials in worker processes, in an order that any later run repeats.

Trial 0 is always the model of params.yaml, so a search never ends below it; a trial that fails, or dies with its
worker, costs that trial only. An oracle is asked ahead and told in the order in which it proposed, whichever trial
ends first. So the proposals are the same with one worker or many, and a killed search goes on by replay: a new oracle
is asked again and finished trials answer from the journal. Hyperband's later rungs train on from the earlier
rung's state.

The price: with a Bayesian search or Hyperband workers may wait for the oldest trial, and losses differ in their last
digits with the number of threads that compute them.
"""

import json
import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path

from darkroom.params import Augment, Model, Tune
from darkroom.runtime import files
from darkroom.runtime.errors import TrainingError, warn
from darkroom.training import checksummed, device
from darkroom.tune import oracles, trial
from darkroom.tune.jobs import Job, Jobs, turned
from darkroom.workers.task_pool import Event, TaskPool

Observe = Callable[..., AbstractContextManager]
RESULTS = ("trial", "status", "epochs", "val_loss", "val_accuracy")
CURVE = ("epoch", "accuracy", "loss", "val_accuracy", "val_loss")
SHOWN = 5  # reasons, at most, of trials that all failed
GROWTH = 1 << 30  # bytes; a worker that grew by more since its first trial is replaced


def search(
    packed: Path, *, config: Tune, model: Model, augmented: Augment, seed: int, state: Path, observe: Observe
) -> tuple[dict, list[dict]]:
    """Best trial and all trials, as best.json and trials.csv hold them. A trial also has a `curve`: a row an epoch.

    `observe(name, params=values)` opens a run that is told of each epoch. With algorithm `none` nothing is
    trained and the model of params.yaml is the best. Raises TrainingError (exit 7) when no trial ends well.
    """
    if config.algorithm == "none":
        return {"algorithm": "none", "trial": None, "values": model.model_dump()}, []

    def task(job: Job) -> trial.Task:
        return trial.Task(packed, job.hparams, config.fit, job.epochs, augmented, seed, state / job.home)

    count, gpus = trial.workers(config.workers, config.trials), len(device.gpus())
    print(f"{count} workers, devices:", *device.names(), flush=True)
    start = partial(trial.start, workers=count, gpus=gpus)
    with (
        TaskPool(trial.attempt, start, count, growth=GROWTH) as pool,
        _Work(pool, task, state, observe, config.minutes) as work,
    ):
        rows = [_row(job, result, config) for job, result in _in_order(work, config, model, seed, state)]
    return _best(rows, model, config), rows


def write_rows(path: Path, config: Tune, trials: list[dict]) -> None:
    """trials.csv: a row a trial, without its curve."""
    columns = [*RESULTS, *config.space, "error"]
    files.write_rows(path, columns, ({column: trial[column] for column in columns} for trial in trials))


def write_curves(folder: Path, trials: list[dict]) -> None:
    """`folder` with a CSV a trial, a row an epoch. DVC warns of an empty one, so without trials it has a header."""
    found = {f"{trial['trial']:03}": trial["curve"] for trial in trials if trial["curve"]} or {"none": []}
    with files.replacing(folder) as partial:
        for name, rows in found.items():
            files.write_rows(partial / f"{name}.csv", CURVE, rows)


def summary(best: dict, trials: list[dict]) -> str:
    """What a search came to, in a line."""
    if not trials:
        return "no search: tune.algorithm is none, so the model of params.yaml is trained"
    return f"{len(trials)} trials, best is {best['trial']}: {best['values']}"


def _in_order(work: "_Work", config: Tune, model: Model, seed: int, state: Path) -> Iterator[tuple[Job, dict]]:
    """Each trial with its result. The oracle hears each, and only then is asked for more."""
    oracle = oracles.oracle(config, model, seed=seed, folder=state)
    jobs = Jobs(config, model)
    asked: deque[tuple[Job, oracles.Proposal | None]] = deque([(jobs.first(), None)])
    told: set[str] = set()
    while asked:
        while len(asked) < oracles.AHEAD[config.algorithm] and jobs.room() and (proposal := oracle.ask()):
            asked.append((jobs.of(proposal), proposal))
        for job, _ in asked:
            work.begin(job)
        job, proposal = asked.popleft()
        result = work.outcome(job)
        if result is None:  # out of time
            continue
        if proposal:
            oracle.tell(proposal, result["val_loss"])
        if job.key not in told:  # an oracle may propose what was tried before
            told.add(job.key)
            yield job, result


class _Work:
    """Trials at work. Each is begun once, seen by its own run, and journalled as it ends."""

    def __init__(self, pool: TaskPool, task: Callable, state: Path, observe: Observe, minutes: float):
        self._pool, self._task, self._state, self._observe = pool, task, state, observe
        self._jobs: dict[str, Job] = {}
        self._results: dict[str, dict | None] = {}
        self._runs: dict[str, tuple[ExitStack, object]] = {}
        self._end = time.monotonic() + minutes * 60 if minutes else math.inf

    def __enter__(self) -> "_Work":
        return self

    def __exit__(self, *fault: object) -> None:
        for opened, _ in self._runs.values():
            opened.__exit__(*fault)

    def begin(self, job: Job) -> None:
        if job.key in self._jobs:
            return
        self._jobs[job.key] = job
        known = checksummed.content(self._journal(job))
        if known is None:
            self._pool.submit(job.key, self._task(job))
        else:
            self._results[job.key] = json.loads(known)

    def outcome(self, job: Job) -> dict | None:
        """Wait for the job's result: status, epochs, val_loss, val_accuracy, curve, error. None: no time was left."""
        while job.key not in self._results:
            if self._results and time.monotonic() > self._end:  # the first trial always runs
                self._results |= dict.fromkeys(self._pool.cancel())
            if job.key not in self._results:
                self._hear(self._pool.next())
        return self._results[job.key]

    def _hear(self, event: Event) -> None:
        job = self._jobs[event.key]
        if event.kind == "started":
            opened = ExitStack()
            run = opened.enter_context(self._observe(f"trial-{job.number}", params=job.hparams.model_dump()))
            self._runs[event.key] = opened, run
        elif event.kind == "message":
            self._runs[event.key][1].epoch(*event.value)
        else:
            self._ended(job, event)

    def _ended(self, job: Job, event: Event) -> None:
        opened, _ = self._runs.pop(job.key)
        if event.kind == "done":
            opened.close()
            result = {"status": "COMPLETED", **event.value, "error": ""}
            with files.durable(self._journal(job)) as partial:
                checksummed.write(partial, lambda file: file.write(json.dumps(result).encode()))
        else:  # not journalled: whatever it was, a run that goes on gives it another chance
            fault = RuntimeError(event.value)
            opened.__exit__(RuntimeError, fault, None)
            nothing = {"epochs": 0, "val_loss": None, "val_accuracy": None, "curve": []}
            result = {"status": "FAILED", **nothing, "error": event.value}
        self._results[job.key] = result
        print(f"trial {job.number}: {result['status']}, val_loss {result['val_loss']} {result['error']}", flush=True)

    def _journal(self, job: Job) -> Path:
        return self._state / job.home / f"{job.epochs}.json"


def _row(job: Job, result: dict, config: Tune) -> dict:
    return {
        "trial": job.number,
        **result,
        **{hparam: getattr(job.hparams, hparam) for hparam in config.space},
    }


def _best(rows: list[dict], model: Model, config: Tune) -> dict:
    good = [row for row in rows if row["val_loss"] is not None and math.isfinite(row["val_loss"])]
    if not good:
        raise TrainingError(
            "E_TRIALS",
            f"none of {len(rows)} trials ended well: {'; '.join(_reasons(rows, config))}",
            where="params.yaml: tune",
            fix="see the reasons; try smaller values in tune.space",
        )
    if len(good) < len(rows):
        warn(f"{len(rows) - len(good)} of {len(rows)} trials failed, see reports/trials.csv")
    top = min(good, key=lambda row: row["val_loss"])
    scores = {key: top[key] for key in ("trial", "val_loss", "val_accuracy")}
    return {"algorithm": config.algorithm, **scores, "values": turned(model, top).model_dump()}


def _reasons(rows: list[dict], config: Tune) -> list[str]:
    """Each kind of failure once, with the first trial that met it and its values."""
    first = {row["error"]: row for row in reversed(rows)}
    shown = list(reversed(first.values()))[:SHOWN]
    more = [f"and {len(first) - SHOWN} more reasons"] if len(first) > SHOWN else []
    return [f"trial {row['trial']} ({_values(row, config)}): {row['error']}" for row in shown] + more


def _values(row: dict, config: Tune) -> str:
    return ", ".join(f"{hparam} {row[hparam]}" for hparam in config.space) or "the model of params.yaml"
