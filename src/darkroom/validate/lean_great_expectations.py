"""Import Great Expectations without libraries that it imports and nothing here uses: half of its time.

SQLAlchemy and the clients of clouds are optional to it. Altair and SciPy's statistics serve single expectations, of
the Kullback-Leibler divergence and of distributions, and are imported by name only, so an empty module does. The
price: those expectations, databases and buckets do not work in such a process.
"""

from types import ModuleType
from typing import Any

from darkroom.runtime import garbage
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
    """Great Expectations. Collecting garbage while it makes its thousands of classes would take a quarter more."""
    with garbage.uncollected(), lean_imports.without(UNUSED):
        import great_expectations as gx
    return gx
