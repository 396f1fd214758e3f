"""What one request may cost, and what all of them together may hold."""

from typing import NamedTuple


class Limits(NamedTuple):
    """The defaults bound the memory of requests to `held` bytes, and `waiting` images as inputs of the model."""

    body: int = 10 << 20  # bytes of a request
    images: int = 32  # in a request
    seconds: float = 10.0  # until a request has arrived
    waiting: int = 256  # images of all requests that are accepted and not answered
    held: int = 128 << 20  # bytes of all bodies that are accepted and not answered
    batch: int = 32  # images that the model computes at once
    patience: float = 0.003  # seconds for which a batch waits for more of the images that are on their way
