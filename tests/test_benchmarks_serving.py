"""The benchmark of serving: its client counts what comes back, and its committed figures keep their promises."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from benchmarks import load_client, serving, serving_network
from tests.fixtures.serving import server_process

REPORT = Path("reports/benchmarks/serving.json")


def test_the_client_counts_answers_errors_and_their_sizes():
    pictures = [load_client.post("/predict", "image/jpeg", picture) for picture in serving_network.jpegs()[:3]]
    bad = load_client.post("/predict", "image/jpeg", b"no image")
    with server_process() as (_, port):
        result = load_client.run(port, [*pictures, bad], clients=3, count=40)
    assert dict(result.statuses) == {200: 30, 422: 10} and len(result.seconds) == 30
    assert result.lost == result.refused == 0 and 20 < result.longest_error < 1024 and not result.traceback


def test_the_client_counts_what_a_server_loses():
    import socket

    def accept_and_close(listener):
        for _ in range(5):
            connection = listener.accept()[0]
            connection.recv(1 << 16)
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept_and_close, args=(listener,))
        thread.start()
        result = load_client.run(listener.getsockname()[1], [load_client.post("/x", "a/b", b"c")], clients=1, count=5)
        thread.join()
    assert result.lost == 5 and not result.statuses


def test_the_pictures_are_small_jpegs_and_the_inputs_fit_the_network():
    pictures = serving_network.jpegs()
    assert len(pictures) == serving_network.JPEGS and max(map(len, pictures)) < 20_000
    inputs = serving_network.inputs(pictures[:2])
    assert inputs.shape == (2, serving_network.SIZE, serving_network.SIZE, 3) and inputs.dtype == np.uint8


def test_the_network_is_an_export_that_darkroom_opens(tmp_path):
    pytest.importorskip("onnx", reason="onnx is not installed")
    pytest.importorskip("onnxruntime", reason="the extra `serve` is not installed")
    from darkroom.serve import model

    serving_network.write_export(tmp_path / "export")
    served = model.open_onnx(tmp_path / "export", 1)
    rows = served.predict(serving_network.inputs(serving_network.jpegs()[:2]))
    np.testing.assert_allclose(rows.sum(1), 1, rtol=1e-5)
    assert served.name == "cnn" and not np.allclose(rows[0], rows[1])


@pytest.mark.skipif(not REPORT.exists(), reason="the benchmark has not been run yet")
def test_the_committed_figures_keep_what_the_documentation_says():
    report = json.loads(REPORT.read_text())
    assert report.keys() == serving.PARTS.keys()
    ratios = report["throughput"]["ratios"]
    page = " ".join(Path("docs/serving.md").read_text().split())
    assert f"{ratios['darkroom / mlflow']['median']:.0f} times the requests of `mlflow models serve`" in page
    assert f"{ratios['darkroom / litserve']['median']:.1f} times those of LitServe" in page
    raw = ratios["darkroom, the body a JPEG / litserve"]["median"]
    assert f"it is {raw:.1f} times" in page and raw >= 2
    assert set(report["steady"]["statuses"]) == {"200"} and set(report["crowd"]["64"]["statuses"]) <= {"200", "503"}
    assert report["garbage"]["longest_error_bytes"] < 1024 and not report["garbage"]["traceback"]
    assert report["memory"]["growth_mib"] * 1.048576 < 50
    assert all(run["exit_code"] == run["lost"] == 0 for run in report["end"]["runs"])
    assert report["start"]["seconds"]["median"] <= 3
    assert report["fuzz"]["failed"] == 0 and report["fuzz"]["requests"] >= 2000
    assert all(report["protocol"]["calls"].values()) and report["protocol"]["largest_difference"] < 1e-5
