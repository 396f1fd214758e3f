"""Keep converters silent: TensorFlow's C++ and LiteRT write to file descriptor 2, tf2onnx to a logger.

What goes wrong is raised too, so nothing is lost but lines about every step of a conversion.
"""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from darkroom.runtime.process import ERR

LOGGERS = "tf2onnx", "tensorflow", "absl", "root"


@contextmanager
def quiet() -> Iterator[None]:
    """Drop, within the block, what is written to file descriptor 2, logged below `critical`, or warned of."""
    before = {name: logging.getLogger(name).level for name in LOGGERS}
    with warnings.catch_warnings(), _discarded():
        warnings.simplefilter("ignore")
        for name in LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            for name, level in before.items():
                logging.getLogger(name).setLevel(level)


@contextmanager
def _discarded() -> Iterator[None]:
    outer, nowhere = os.dup(ERR), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, ERR)
    try:
        yield
    finally:
        os.dup2(outer, ERR)
        os.close(outer)
        os.close(nowhere)
