"""Start and end the servers that the benchmark compares, each in a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import psutil

PATIENCE = 120  # seconds


class Server(NamedTuple):
    process: subprocess.Popen
    port: int
    ready: float  # seconds from the start of the process to the first answer

    def processor_seconds(self) -> float:
        """Used so far by the process and its children."""
        process = psutil.Process(self.process.pid)
        return sum(sum(each.cpu_times()[:2]) for each in (process, *process.children(recursive=True)))

    def memory(self) -> float:
        """MiB that the process holds."""
        return psutil.Process(self.process.pid).memory_info().rss / 2**20


def darkroom(export: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "darkroom.cli", "serve", "--model", str(export), "--port", str(port)]


def litserve(export: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "benchmarks.serving_litserve", str(export), str(port)]


def mlflow(model: Path, port: int) -> list[str]:
    words = ["models", "serve", "--env-manager", "local", "--model-uri", str(model), "--port", str(port)]
    return [sys.executable, "-m", "mlflow", *words]


@contextmanager
def running(words: list[str], port: int, *, health: str = "/health") -> Iterator[Server]:
    """Run the command until the block ends; SIGTERM may have ended it before."""
    start = time.monotonic()
    tools = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    process = subprocess.Popen(words, env=tools, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        while not _answers(port, health):
            if process.poll() is not None or time.monotonic() - start > PATIENCE:
                raise SystemExit(f"{' '.join(words)} does not answer: {_end(process)}")
            time.sleep(0.01)
        yield Server(process, port, time.monotonic() - start)
    finally:
        _end(process)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _answers(port: int, path: str) -> bool:
    with suppress(OSError):
        return urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).status == 200
    return False


def _end(process: subprocess.Popen) -> str:
    """End the process and its children, and return what it wrote to stderr."""
    with suppress(psutil.NoSuchProcess):
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(15)
        for left in (process, *children):
            with suppress(psutil.NoSuchProcess, ProcessLookupError):
                left.kill()
    return process.communicate()[1][-2000:] if not process.stderr.closed else ""
