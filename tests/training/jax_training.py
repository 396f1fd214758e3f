"""Trains on JAX, in a process of its own: the backend is that of a whole process. Prints a JSON object of results."""

import json
import logging
import sys

import jax
import keras
import numpy as np
from tests.training import ways
from tests.training.ways import IMAGES, STEPS

assert keras.backend.backend() == "jax"


class Compiled(logging.Handler):
    """The names of the programs that JAX compiles."""

    def __init__(self):
        super().__init__()
        self.names: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        words = record.getMessage().split()
        if words[0] == "Compiling":
            self.names.append(words[1])


def watched() -> Compiled:
    """Collects from now on."""
    handler = Compiled()
    for name in ("jax._src.interpreters.pxla", "jax._src.dispatch"):
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).propagate = False
    jax.config.update("jax_log_compiles", True)
    return handler


def main() -> None:
    order: list[np.ndarray] = []
    events: list[str] = []
    jax.monitoring.register_event_listener(lambda event, **details: events.append(event))
    handler = watched()
    result = {"looped": ways.in_calls_of(STEPS, IMAGES), "compiled": [name for name in handler.names if "step" in name]}
    result |= {"one": ways.in_calls_of(1, IMAGES), "plain": ways.plain(IMAGES, ways.permutations(IMAGES))}
    events.clear()
    result |= {"killed": ways.in_calls_of(STEPS, IMAGES, kill_after=(1, 2, 3)), "events": list(events)}
    result |= {"streamed": ways.streamed(IMAGES, order)}
    result |= {"in the order of the stream": ways.in_order(ways.epochs_of(order), IMAGES)}
    print(json.dumps(result))


if __name__ == "__main__":
    sys.exit(main())
