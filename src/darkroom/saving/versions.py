"""Which releases of Python and of the libraries that matter are installed, found without importing any."""

import platform
from importlib import metadata

LIBRARIES = ("darkroom", "keras", "tensorflow", "jax", "torch", "keras-tuner", "scikit-learn", "dvc", "mlflow")


def installed() -> dict[str, str]:
    """Of Python and of each of the LIBRARIES that is there."""
    found = {name: next(metadata.distributions(name=name), None) for name in LIBRARIES}
    return {"python": platform.python_version(), **{name: each.version for name, each in found.items() if each}}
