"""Decode images in threads: the decoders of Pillow and simplejpeg let other threads run meanwhile.

The price of threads: an image that never ends, or crashes its decoder, can be stopped only with the whole process. The
limit on pixels is checked before anything is decoded.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import NamedTuple

import numpy as np

from darkroom.decoding import decode
from darkroom.decoding.bad_image import BadImage
from darkroom.decoding.decode import PackSettings
from darkroom.inference import request_log
from darkroom.inference.request_log import Measured
from darkroom.serve import refusal
from darkroom.serve.job import Job, Picture, Ready
from darkroom.serve.refusal import Refusal


class Sinks(NamedTuple):
    """Where results go, from any of the threads."""

    done: Callable[[Ready], None]
    failed: Callable[[Job, Exception], None]


class Decoders:
    """`threads` threads that decode the image of each job; `measures` says whether for the log too."""

    def __init__(self, threads: int, sinks: Sinks, *, measures: bool):
        self._waiting: SimpleQueue[Job | None] = SimpleQueue()
        self._sinks, self._measures = sinks, measures
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job) -> None:
        self._waiting.put(job)

    def close(self) -> None:
        """End the threads after the jobs that wait."""
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while job := self._waiting.get():
            try:
                self._sinks.done(self._ready(job))
            except Exception as fault:  # the result of this job, whatever it is: the thread lives on
                self._sinks.failed(job, fault)

    def _ready(self, job: Job) -> Ready:
        if self._measures and isinstance(job.picture, bytes):
            return Ready(job, *measured(job.picture, job.model.settings))
        return Ready(job, pixels(job.picture, job.model.settings), None)


def pixels(picture: Picture, settings: PackSettings) -> np.ndarray:
    """uint8 (s, s, c). Raises Refusal: 422 when it is no image, 503 when there is not enough memory."""
    with _refusing():
        if isinstance(picture, bytes):
            return decode.to_array(picture, settings)
        return decode.from_pixels(picture, settings)


def measured(data: bytes, settings: PackSettings) -> Measured:
    """Do as `pixels`, and measure what is logged of the image."""
    with _refusing():
        return request_log.measured(data, settings)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except BadImage as fault:
        raise Refusal(422, "not_an_image", str(fault)) from fault
    except MemoryError as fault:
        raise refusal.busy() from fault
