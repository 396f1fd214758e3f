"""cost: times are times."""

import numpy as np
import pytest

from darkroom.plots import cost


def test_times_are_those_of_the_calls(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(cost.time, "perf_counter", lambda: now[0])

    def predict(images):
        now[0] += 0.001 + 0.0001 * len(images)

    found = cost.times(predict, np.zeros((300, 2, 2, 1), "uint8"))
    assert found["latency_ms"] == pytest.approx({"value": 1.1, "low": 1.1, "high": 1.1})
    assert found["throughput"] == round(256 / 0.0266)
    assert found["batch"] == 256


def test_the_first_call_is_not_counted(monkeypatch):
    now, calls = [0.0], []
    monkeypatch.setattr(cost.time, "perf_counter", lambda: now[0])

    def predict(images):
        now[0] += 5.0 if len(images) not in calls else 0.2
        calls.append(len(images))

    assert cost.times(predict, np.zeros((4, 2, 2, 1), "uint8"))["latency_ms"]["value"] == pytest.approx(200)
