"""Import Great Expectations without libraries that it imports and nothing here uses: half of its time.

SQLAlchemy and the clients of clouds are optional to it. Altair and SciPy's statistics serve single expectations, of
the Kullback-Leibler divergence and of distributions, and are imported by name only, so an empty module does. The
price: those expectations, databases and buckets do not work in such a process.
"""

import gc
from types import ModuleType
from typing import Any

from darkroom.validate import lean_imports

UNUSED = {
    "sqlalchemy": None,
    "boto3": None,
    "botocore": None,
    "google": None,
    "altair": ModuleType("altair"),
    **lean_imports.NO_STATISTICS,
}


def load() -> Any:
    """Great Expectations. Collecting garbage while it makes its thousands of classes would take a quarter more.

    They are frozen, so that no later collection looks at them: each takes 0.2 s.
    """
    gc.disable()
    try:
        with lean_imports.without(UNUSED):
            import great_expectations as gx

        gc.freeze()
        return gx
    finally:
        gc.enable()
