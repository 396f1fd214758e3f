"""The servers whose pages are pictured, each for as long as its picture takes."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

PATIENCE = 600.0  # seconds that a server may take to answer


@contextmanager
def mlflow(run: Path) -> Iterator[str]:
    """Yield the address of MLflow on the store of the run."""
    port = str(_free_port())
    words = "server", "--backend-store-uri", f"sqlite:///{run.resolve()}/mlflow.db", "--workers", "1", "--port", port
    with _running([sys.executable, "-m", "mlflow", *words], run, f"http://127.0.0.1:{port}/health"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def darkroom(run: Path) -> Iterator[str]:
    """Yield the address of `darkroom serve` with the run's champion."""
    subprocess.run([sys.executable, "-m", "darkroom.cli", "export", "--to", "onnx"], cwd=run, check=True)
    port = str(_free_port())
    with _running(
        [sys.executable, "-m", "darkroom.cli", "serve", "--port", port], run, f"http://127.0.0.1:{port}/ready"
    ):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _running(command: Sequence[str], folder: Path, address: str) -> Iterator[None]:
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(address)
            yield
        finally:
            process.terminate()


def _wait_for(address: str) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            urlopen(address, timeout=5).close()
            return
        except (URLError, OSError):
            time.sleep(0.3)
    raise SystemExit(f"{address} does not answer")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
