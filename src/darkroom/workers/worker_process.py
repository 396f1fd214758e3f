"""How worker processes start and end: fresh, without the main module of their parent, and with it."""

import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext  # the first does not exist on Windows


def fresh_processes(preloaded: list[str]) -> "SpawnContext | ForkServerContext":
    """What starts processes that share nothing with this one; where it can, modules are imported once for them all."""
    if "forkserver" not in multiprocessing.get_all_start_methods():  # Windows
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(preloaded)
    return context


def preload(modules: list[str]) -> None:
    """Let the process that fresh ones are forked from import `modules` now, while this one does something else.

    Does nothing on Windows, where no process is forked.
    """
    if "forkserver" in multiprocessing.get_all_start_methods():
        from multiprocessing.forkserver import ensure_running  # does not exist on Windows

        fresh_processes(modules)
        ensure_running()


def start_fresh(process: BaseProcess, module: str) -> None:
    """Start a process that runs a function of `module`, and does not import the main module if it is another one.

    So the script of a user needs no `if __name__ == "__main__"`, and no worker imports a stage. The price: for that
    moment other threads see an empty main module.
    """
    main = sys.modules["__main__"]
    if module != main.__name__:
        sys.modules["__main__"] = ModuleType("__main__")
    try:
        process.start()
    finally:
        sys.modules["__main__"] = main


def live_and_die_with_parent() -> None:
    """Prepare a worker process: it ignores Ctrl-C, which its parent handles, and ends when its parent is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_die_after, args=(parent,), daemon=True).start()


def _die_after(parent: Any) -> None:
    parent.join()
    os._exit(1)
