"""`darkroom serve` with real exports: a new one takes over while clients ask, a damaged one does not."""

import json
import shutil
import socket
import threading
import time
import urllib.request

import pytest


@pytest.fixture
def export():
    """A function that writes the export number n."""
    for name in ("onnx", "onnxruntime", "prometheus_client", "httptools"):
        pytest.importorskip(name, reason="the extra `serve`, or onnx, is not installed")
    from benchmarks import serving_network

    return serving_network.write_export


def digest(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=30) as answer:
        return json.load(answer)["digest"]


def wait(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.slow
def test_no_request_fails_while_another_export_takes_the_place_of_the_first(export, tmp_path):
    from benchmarks import load_client, serving_network, serving_servers

    folder, port = tmp_path / "export", serving_servers.free_port()
    export(folder, 1)
    export(tmp_path / "next", 2)
    request = load_client.post("/predict", "image/jpeg", serving_network.jpegs()[0])
    results = []
    with serving_servers.running(serving_servers.darkroom(folder, port), port):
        words = {"clients": 4, "seconds": 6}
        load = threading.Thread(target=lambda: results.append(load_client.run(port, [request], **words)))
        load.start()
        assert digest(port) == f"{1:016x}"
        time.sleep(1)
        shutil.rmtree(folder)
        (tmp_path / "next").rename(folder)
        wait(lambda: digest(port) == f"{2:016x}")
        (folder / "model.onnx").write_bytes(b"damaged")
        (folder / "MANIFEST.json").write_text("{}")
        load.join()
        assert digest(port) == f"{2:016x}"
        result = results[0]
        assert set(result.statuses) == {200} and result.lost == 0


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["missing", "truncated", "swapped"])
def test_a_harmed_export_ends_the_command_with_4_before_the_port_is_open(export, tmp_path, harm):
    import subprocess

    from benchmarks import serving_servers

    folder, port = tmp_path / "export", serving_servers.free_port()
    export(folder, 1)
    model = folder / "model.onnx"
    data = model.read_bytes()
    model.unlink() if harm == "missing" else model.write_bytes(data[:-100] if harm == "truncated" else data[::-1])
    done = subprocess.run(serving_servers.darkroom(folder, port), capture_output=True, text=True, timeout=120)
    assert done.returncode == 4 and done.stderr.count("\n") == 1 and done.stdout == ""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
