"""Search for garbage less often than Python does by itself: large libraries make many objects, and little garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

LATER = 20_000  # new objects after which Python searches the youngest; its own default is 700


def search_seldom() -> None:
    """Save a tenth of the time of imports, traced networks and figures. The price: megabytes of garbage for longer."""
    gc.set_threshold(LATER)


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect no garbage in the block, and look at nothing that it made ever after.

    The thousands of classes of TensorFlow or Great Expectations trigger hundreds of searches that find nothing, and
    each later one, of which Keras asks for some, would visit them again. The price: garbage that is there at the end
    of the block stays.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_on:
            gc.enable()
