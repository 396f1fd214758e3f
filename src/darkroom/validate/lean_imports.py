"""Import a library without modules that it imports and nothing here uses."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from types import ModuleType
from typing import NoReturn


class LeftOut(ModuleType):
    """A module in which every name is a function that says that it was left out."""

    def __getattr__(self, name: str) -> Callable:
        if name.startswith("__"):
            raise AttributeError(name)
        return partial(_raise, f"{self.__name__}.{name} was left out, see {__name__}")


def _raise(what: str, *_: object, **__: object) -> NoReturn:
    raise ImportError(what)


NO_STATISTICS = {"scipy.stats": LeftOut("scipy.stats")}  # 0.7 s of processor time, for what nothing here calls


def bare_package(name: str) -> ModuleType:
    """A package that imports nothing by itself; its modules can be imported. Imports the package that it is in."""
    spec = find_spec(name)
    assert spec and spec.submodule_search_locations
    package = ModuleType(name)
    package.__path__ = spec.submodule_search_locations
    return package


@contextmanager
def without(others: Mapping[str, ModuleType | None]) -> Iterator[None]:
    """Put other modules, None for one that is not installed, in the place of those not imported yet.

    After the block they can be imported as ever. The price: what a library took from one of them inside stays left out.
    """
    names = [name for name in others if name not in sys.modules]
    sys.modules.update({name: others[name] for name in names})  # type: ignore[misc]
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]
