"""evaluate.timing: the seconds are those of the calls."""

import numpy as np
import pytest

from darkroom.evaluate import timing


def test_times_are_those_of_the_calls(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])

    def predict(images):
        now[0] += 0.001 + 0.0001 * len(images)

    cost = timing.measure("cnn", predict, np.zeros((300, 2, 2, 1), "uint8"), 10, 20)
    assert cost["latency_ms"] == pytest.approx({"value": 1.1, "low": 1.1, "high": 1.1})
    assert cost["throughput"] == round(256 / 0.0266)
    assert cost["batch"] == 256


def test_the_first_call_is_not_counted(monkeypatch):
    now, calls = [0.0], []
    monkeypatch.setattr(timing.time, "perf_counter", lambda: now[0])

    def predict(images):
        now[0] += 5.0 if len(images) not in calls else 0.2
        calls.append(len(images))

    assert timing.measure("cnn", predict, np.zeros((4, 2, 2, 1), "uint8"), 10, 20)["latency_ms"][
        "value"
    ] == pytest.approx(200)
