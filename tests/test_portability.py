"""What Windows and macOS lack is not needed: every module can be imported without it, and worker processes work."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from darkroom.workers import time_limit

HIDE = """
import multiprocessing, os, signal, sys
import psutil  # on Linux it needs one of them itself

for name in ("fcntl", "grp", "resource", "termios"):
    sys.modules[name] = None
for name in ("fork", "pread", "sched_getaffinity", "sysconf"):
    delattr(os, name)
for name in ("SIGHUP", "SIGPIPE", "SIGPROF", "setitimer"):
    delattr(signal, name)
multiprocessing.get_all_start_methods = lambda: ["spawn"]
"""
IMPORT_ALL = """
import importlib
from pathlib import Path

for path in sorted(Path("src/darkroom").rglob("*.py")):
    module = ".".join(path.with_suffix("").parts[1:]).removesuffix(".__init__")
    importlib.import_module(module)
    print(module)
"""
POOL = """
import time
from darkroom.workers import parallel
from darkroom.workers.item_pool import Limits

def double(item):
    time.sleep(600 * (item == 3))
    return 2 * item

def lost(item, reason):
    return reason

if __name__ == "__main__":
    limits = Limits(seconds=2, memory=1 << 30)
    print(*parallel.map(double, range(6), title="doubling", workers=2, lost=lost, limits=limits))
"""
CLOCK = """
from darkroom.workers import time_limit
with time_limit.by_clock({limit}):
    if {endless}:
        while True:
            pass
print("done")
"""


def without_posix(folder: Path, *words: str) -> list[str]:
    """The lines that `python words` prints when it and its children lack what Windows lacks."""
    (folder / "sitecustomize.py").write_text(HIDE)
    paths = os.pathsep.join([str(folder), str(Path("src").resolve())])
    environment = {**os.environ, "PYTHONPATH": paths, "KERAS_BACKEND": "numpy"}  # TensorFlow takes seconds to import
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def under_the_clock(limit: float, *, endless: bool) -> tuple[int, str]:
    code = CLOCK.format(limit=limit, endless=endless)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout


@pytest.mark.skipif(find_spec("jax") is None, reason="JAX is not installed, and Keras' NumPy backend imports it")
def test_every_module_can_be_imported_without_what_windows_lacks(tmp_path):
    imported = without_posix(tmp_path, "-c", IMPORT_ALL)
    assert {"darkroom.cli", "darkroom.runtime.stage", "darkroom.workers.item_pool"} <= set(imported)


def test_an_item_that_never_ends_costs_itself_alone_without_timers_and_forks(tmp_path):
    (tmp_path / "pool.py").write_text(POOL)
    assert without_posix(tmp_path, str(tmp_path / "pool.py")) == ["0 2 4 slow 8 10"]


def test_the_clock_ends_a_process_that_computes_for_ever_and_no_other():
    code, printed = under_the_clock(0.2, endless=True)
    assert time_limit.ended(code) and printed == ""
    assert under_the_clock(300, endless=False) == under_the_clock(0, endless=False) == (0, "done\n")
