import subprocess
import sys
import time
from multiprocessing import forkserver, get_context

import pytest
from tests.fixtures.packs import end_fork_server

SCRIPT = """
import multiprocessing, sys, time
from multiprocessing import forkserver
from darkroom.workers import worker_process

def has(module):
    sys.exit(module not in sys.modules)

if __name__ == "__main__":
    worker_process.preload(["wave"])
    assert forkserver._forkserver._forkserver_pid, "no server runs"
    process = worker_process.fresh_processes([]).Process(target=has, args=("wave",))
    process.start()
    process.join()
    sys.exit(process.exitcode)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows forks no process")
def test_a_fresh_process_has_the_modules_that_were_preloaded_before_anything_needed_one(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run([sys.executable, tmp_path / "script.py"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows forks no process")
def test_a_worker_that_a_test_left_keeps_no_later_test_waiting_for_its_server():
    worker = get_context("forkserver").Process(target=time.sleep, args=(600,))
    worker.start()
    end_fork_server()
    worker.join(60)
    assert worker.exitcode is not None and forkserver._forkserver._forkserver_pid is None
