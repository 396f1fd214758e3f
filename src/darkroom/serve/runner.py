"""The one thread that runs the network, on batches of images from many requests.

A batch is run when it is full, when it holds every image that is on its way, or when it has waited long enough.
"""

import itertools
import threading
from collections.abc import Callable, Sequence

import numpy as np

from darkroom.serve.job import Job, Outcome, Ready
from darkroom.serve.limits import Limits
from darkroom.serve.on_way import OnWay
from darkroom.serve.refusal import Refusal

Deliver = Callable[[Sequence[Job], Sequence[Outcome | Exception]], None]


class Runner:
    """Hands jobs to `deliver` with their results, or with the exceptions that stand for them.

    `on_way` counts the images that have no result yet, those that wait for the runner among them. The thread is woken
    for the first image of a batch and for its last one: it takes the interpreter from the other threads each time.
    """

    def __init__(self, limits: Limits, on_way: OnWay, deliver: Deliver):
        self._limits, self._on_way, self._deliver = limits, on_way, deliver
        self._waiting: list[Ready] = []
        self._is_ending, self._changed = False, threading.Condition()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def submit(self, ready: Ready) -> None:
        with self._changed:
            self._waiting.append(ready)
            if len(self._waiting) == 1 or self._is_due():
                self._changed.notify()

    def look(self) -> None:
        """Fewer images are on their way than were."""
        with self._changed:
            if self._is_due():
                self._changed.notify()

    def close(self) -> None:
        """End the thread after the jobs that wait."""
        with self._changed:
            self._is_ending = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while batch := self._batch():
            self._run(batch)

    def _batch(self) -> list[Ready]:
        """Wait for a batch, of one model, and take it; it is empty at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_ending)
            self._changed.wait_for(self._is_due, self._limits.patience)
            same = itertools.takewhile(lambda ready: ready.job.model is self._waiting[0].job.model, self._waiting)
            batch = list(itertools.islice(same, self._limits.batch))
            del self._waiting[: len(batch)]
            return batch

    def _is_due(self) -> bool:
        return self._is_ending or len(self._waiting) >= min(self._limits.batch, self._on_way.images)

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
