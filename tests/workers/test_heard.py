"""A call in C code, which signals do not interrupt, is waited for by a process that hears them."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.fixtures.cluster import ABSENT
from tests.fixtures.programs import PATIENCE, running

from darkroom.workers import heard

CONNECT = """
from darkroom.runtime import errors
from darkroom.workers import engine
from tests.fixtures.cluster import on_ray

def main():
    with engine.opened(on_ray("127.0.0.1:{port}")):
        pass

errors.program(main)
"""


def test_what_the_call_raises_is_raised_here_also_the_end_of_the_process():
    def leave() -> None:
        sys.exit(3)

    heard.wait_for(bool, 60, ValueError)
    with pytest.raises(SystemExit) as caught:
        heard.wait_for(leave, 60, ValueError)
    assert caught.value.code == 3


def test_a_call_that_takes_too_long_is_left_behind():
    start = time.monotonic()
    with pytest.raises(ValueError, match=r"within 0\.1 s"):
        heard.wait_for(lambda: time.sleep(5), 0.1, ValueError)
    assert time.monotonic() - start < 4


@pytest.mark.slow
def test_a_process_that_is_terminated_while_ray_connects_says_so(monkeypatch):
    pytest.importorskip("ray", reason=ABSENT)
    monkeypatch.setenv("PYTHONPATH", f"{Path.cwd()}:{Path.cwd() / 'src'}")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(PATIENCE)
        command = [sys.executable, "-c", CONNECT.format(port=silent.getsockname()[1])]
        with running(command, stderr=subprocess.PIPE, text=True) as process:
            silent.accept()[0].close()  # the look whether anybody listens; Ray itself comes next, and is not answered
            time.sleep(1)
            start = time.monotonic()
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=60)
    assert process.returncode == 143 and "terminated" in said and "E_CLUSTER" not in said
    assert time.monotonic() - start < 5
