"""One image on its way from a request to its probabilities."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from darkroom.inference.request_log import Appearance
from darkroom.serve.model import ServedModel

Picture = bytes | np.ndarray  # an image file, or uint8 pixels (h, w), (h, w, 1), (h, w, 3) or (h, w, 4)


class Outcome(NamedTuple):
    probabilities: np.ndarray  # float32 (k,)
    appearance: Appearance | None  # of a file that is to be logged


class Job(NamedTuple):
    model: ServedModel  # the one that was current when the request came
    picture: Picture
    result: "asyncio.Future[Outcome]"
    is_gone: Callable[[], bool]  # whether nobody waits for the result any more


class Ready(NamedTuple):
    """A job whose image is decoded."""

    job: Job
    pixels: np.ndarray  # uint8 (s, s, c), an input of the model
    appearance: Appearance | None
