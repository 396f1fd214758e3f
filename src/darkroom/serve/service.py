"""A running server's state: the current model, the threads that decode and predict, and the room that is left."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from darkroom.inference import request_log
from darkroom.serve.backlog import Backlog
from darkroom.serve.counters import Counters
from darkroom.serve.decoders import Decoders, Sinks
from darkroom.serve.job import Job, Outcome, Picture
from darkroom.serve.limits import Limits
from darkroom.serve.model import ServedModel
from darkroom.serve.on_way import OnWay
from darkroom.serve.runner import Runner


class Service:
    """Made and used in the event loop; `close` it at the end. `log` is the file of requests, None for no log."""

    def __init__(self, model: ServedModel, limits: Limits, threads: int, log: Path | None = None):
        self.limits, self.model, self.is_draining, self._log = limits, model, False, log
        self.backlog = Backlog(limits)
        self.counters = Counters(lambda: self.backlog.images)
        self.counters.model(model)
        self._on_way = OnWay()
        self._loop = asyncio.get_running_loop()
        self._runner = Runner(limits, self._on_way, self._deliver)
        self._decoders = Decoders(threads, Sinks(self._runner.submit, self._failed), measures=log is not None)

    def replace(self, model: ServedModel) -> None:
        """Answer requests that come from now on with another model."""
        self.model = model
        self.counters.model(model)

    async def predict(
        self, model: ServedModel, pictures: Sequence[Picture], is_gone: Callable[[], bool]
    ) -> list[np.ndarray]:
        """Return float32 (k,) for each picture. Raises what the first one that fails raises."""
        jobs = [Job(model, picture, self._loop.create_future(), is_gone) for picture in pictures]
        self._on_way.add(len(jobs))
        for job in jobs:
            self._decoders.submit(job)
        outcomes = [await jobs[0].result] if len(jobs) == 1 else await asyncio.gather(*(job.result for job in jobs))
        if self._log:
            await asyncio.to_thread(_write, self._log, model, outcomes)
        return [outcome.probabilities for outcome in outcomes]

    def close(self) -> None:
        """End the threads; what they have finished is delivered first."""
        self._decoders.close()
        self._runner.close()

    def _failed(self, job: Job, fault: Exception) -> None:
        """Called in a thread."""
        self._deliver([job], [fault])
        self._runner.look()

    def _deliver(self, jobs: Sequence[Job], results: Sequence[Outcome | Exception]) -> None:
        """Called in a thread."""
        self._on_way.add(-len(jobs))
        self._loop.call_soon_threadsafe(self._settle, jobs, results)

    def _settle(self, jobs: Sequence[Job], results: Sequence[Outcome | Exception]) -> None:
        if computed := sum(isinstance(result, Outcome) for result in results):
            self.counters.batch(computed)
        for job, result in zip(jobs, results, strict=True):
            if job.result.done():  # cancelled with its request
                continue
            if isinstance(result, Exception):
                job.result.set_exception(result)
            else:
                job.result.set_result(result)


def _write(log: Path, model: ServedModel, outcomes: Sequence[Outcome]) -> None:
    seen = [(outcome.probabilities, outcome.appearance) for outcome in outcomes if outcome.appearance]
    rows = [request_log.row(model.digest, model.label(row), row.tolist(), None, appearance) for row, appearance in seen]
    request_log.append(log, rows)
