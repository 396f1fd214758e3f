"""The one thread that runs the network, on batches of images from many requests.

A batch is run when it is full, when it holds every image that is on its way, or when it has waited long enough.
"""

import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

import numpy as np

from darkroom.serve.job import Job, Outcome, Ready
from darkroom.serve.limits import Limits
from darkroom.serve.refusal import Refusal

Deliver = Callable[[Sequence[Job], Sequence[Outcome | Exception]], None]


class Runner:
    """Hands jobs to `deliver` with their results, or with the exceptions that stand for them.

    `on_way` tells how many images are accepted and not delivered, those in the batch among them.
    """

    def __init__(self, limits: Limits, on_way: Callable[[], int], deliver: Deliver):
        self._limits, self._on_way, self._deliver = limits, on_way, deliver
        self._waiting: SimpleQueue[Ready | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def submit(self, ready: Ready) -> None:
        self._waiting.put(ready)

    def close(self) -> None:
        """End the thread after the jobs that wait."""
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while ready := self._waiting.get():
            while ready:
                batch, ready = self._batch(ready)
                self._run(batch)

    def _batch(self, first: Ready) -> tuple[list[Ready], Ready | None]:
        """Return a batch of one model that begins with `first`, and the job of another model that ended it."""
        batch, until = [first], time.monotonic() + self._limits.patience
        while len(batch) < self._limits.batch:
            following = self._next(len(batch), until)
            if following is None or following.job.model is not first.job.model:
                return batch, following
            batch.append(following)
        return batch, None

    def _next(self, count: int, until: float) -> Ready | None:
        try:
            if self._waiting.empty() and self._on_way() <= count:
                return None
            following = self._waiting.get(timeout=max(0.0, until - time.monotonic()))
        except Empty:
            return None
        if following is None:
            self._waiting.put(None)  # the end, which `_work` waits for
        return following

    def _run(self, batch: Sequence[Ready]) -> None:
        is_gone = [ready.job.is_gone() for ready in batch]
        gone = [ready.job for ready, dropped in zip(batch, is_gone, strict=True) if dropped]
        wanted = [ready for ready, dropped in zip(batch, is_gone, strict=True) if not dropped]
        if gone:
            self._deliver(gone, [_dropped()] * len(gone))
        if wanted:
            self._deliver([ready.job for ready in wanted], _results(wanted))


def _results(batch: Sequence[Ready]) -> Sequence[Outcome | Exception]:
    try:
        rows = batch[0].job.model.predict(np.stack([ready.pixels for ready in batch]))
    except Exception as fault:  # of any kind and from any engine; the thread lives on
        return [fault] * len(batch)
    usable = np.isfinite(rows.sum(1)).tolist()  # a sum is finite when all its terms are
    outcomes = [Outcome(row, ready.appearance) for row, ready in zip(rows, batch, strict=True)]
    return [outcome if good else _not_finite() for outcome, good in zip(outcomes, usable, strict=True)]


def _not_finite() -> Refusal:
    return Refusal(500, "model_output", "the model gives NaN or infinity for this image")


def _dropped() -> Refusal:
    return Refusal(400, "disconnected", "the client closed the connection")
