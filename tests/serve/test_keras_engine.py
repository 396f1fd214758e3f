"""`darkroom serve --engine keras` serves a model folder that nobody exported."""

import json
import signal
import urllib.request

import numpy as np
import pytest
from benchmarks import serving_servers

from darkroom.decoding import decode
from darkroom.inference import inference, predict

pytestmark = pytest.mark.slow


def test_a_model_folder_is_served_as_it_is_and_answers_as_the_model_does(model_folder, png):
    pytest.importorskip("prometheus_client", reason="the extra `serve` is not installed")
    folder, port, data = model_folder("cnn", label=1, tilt=0.7), serving_servers.free_port(), png(1)
    words = [*serving_servers.darkroom(folder, port), "--engine", "keras"]
    with serving_servers.running(words, port) as server:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/predict", data, {"Content-Type": "image/png"})
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0
    network, spec = inference.load(folder)
    (row,) = inference.probabilities(network, decode.to_array(data, predict.pack_settings(spec))[np.newaxis])
    assert answer["probabilities"] == pytest.approx(dict(zip(spec["classes"], row, strict=True)), abs=1e-5)
    assert answer["label"] == "dog" and answer["model"] == "cnn"
