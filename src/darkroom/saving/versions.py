"""The installed releases of Python and of the libraries that matter, without importing any."""

import platform
from importlib import metadata

LIBRARIES = ("darkroom", "keras", "tensorflow", "jax", "torch", "keras-tuner", "scikit-learn", "dvc", "mlflow")


def installed() -> dict[str, str]:
    """The version of Python and of each library of LIBRARIES that is installed."""
    versions = {name: [d.version for d in metadata.distributions(name=name)] for name in LIBRARIES}
    return {"python": platform.python_version()} | {
        name: releases[0] for name, releases in versions.items() if releases
    }
