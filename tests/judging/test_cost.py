"""judging.cost: arithmetic is counted by hand, times are times, and the front is nobody's loser."""

import numpy as np
import pytest

from darkroom.judging import cost


def test_multiply_adds_are_those_of_a_hand_count():
    import keras
    from keras import layers

    inner = keras.Sequential([keras.Input((4, 4, 8)), layers.DepthwiseConv2D(3, padding="same"), layers.Conv2D(6, 1)])
    outer = keras.Sequential([
        keras.Input((8, 8, 3)), layers.Conv2D(8, 3, strides=2, padding="same"), layers.BatchNormalization(), inner,
        layers.SeparableConv2D(5, 3), layers.Flatten(), layers.Dense(10),
    ])  # fmt: skip
    by_hand = 4 * 4 * 3 * 3 * 3 * 8 + 4 * 4 * 3 * 3 * 8 + 4 * 4 * 8 * 6 + 2 * 2 * (3 * 3 * 6 + 6 * 5) + 20 * 10
    assert cost.multiply_adds(outer) == by_hand


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


def test_a_model_is_on_the_front_when_no_other_beats_it():
    models = [
        {"model": name, "accuracy": a, "time": t}
        for name, a, t in [("slow", 0.9, 9), ("fast", 0.7, 1), ("poor", 0.6, 2), ("twin", 0.7, 1), ("dark", None, 1)]
    ]
    assert cost.front(models, "accuracy", "time") == ["slow", "fast", "twin"]
