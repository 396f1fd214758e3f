"""Import Great Expectations without two libraries that it imports and nothing here uses: a fifth of its time.

SQLAlchemy is optional to it. Altair draws one expectation, of the Kullback-Leibler divergence, and is imported by name
only, so an empty module does. The price: that expectation and databases do not work in such a process.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


def load() -> Any:
    """Great Expectations. Collecting garbage while it makes its thousands of classes would take a quarter more.

    They are frozen, so that no later collection looks at them: each takes 0.2 s.
    """
    gc.disable()
    try:
        with _without({"sqlalchemy": None, "altair": ModuleType("altair")}):
            import great_expectations as gx

        gc.freeze()
        return gx
    finally:
        gc.enable()


@contextmanager
def _without(others: dict[str, ModuleType | None]) -> Iterator[None]:
    """Put other modules, None for one that is not installed, in the place of those not imported yet."""
    names = [name for name in others if name not in sys.modules]
    sys.modules.update({name: others[name] for name in names})  # type: ignore[misc]
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
