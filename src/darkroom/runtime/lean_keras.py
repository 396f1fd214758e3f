"""Import Keras without the optional libraries that it looks for and that no stage hands to it.

Keras 3.15 and TensorFlow 2.21 import these whenever they are installed, to accept their arrays, wrap their estimators,
draw or print with them, and do without where they are not. They take half of the time that Keras takes to be imported.
The price: `keras.wrappers`, `keras.visualization` and data frames in `fit` do not work in such a process.
"""

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from darkroom.runtime import garbage

OPTIONAL = ("IPython", "jax", "matplotlib", "pandas", "sklearn")


def install() -> None:
    """From now on, hide OPTIONAL while Keras is imported; before and after that they can be imported."""
    if "keras" not in sys.modules:
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Finds Keras alone, once, with a loader that hides OPTIONAL."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != "keras":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec and spec.loader:
            spec.loader.exec_module = _hiding(spec.loader.exec_module)  # type: ignore[method-assign,assignment]
        return spec


def _hiding(execute: Callable[[ModuleType], None]) -> Callable[[ModuleType], None]:
    def exec_module(module: ModuleType) -> None:
        with garbage.uncollected(), _hidden():
            execute(module)

    return exec_module


@contextmanager
def _hidden() -> Iterator[None]:
    """None in `sys.modules` makes an import fail as if the library were not installed."""
    names = [name for name in OPTIONAL if name not in sys.modules and name != os.environ.get("KERAS_BACKEND")]
    sys.modules.update(dict.fromkeys(names))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
