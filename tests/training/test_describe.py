"""Parameters and multiply-adds, layer by layer, are those that the courses give."""

import keras
import pytest
from keras import layers

from darkroom.networks import architectures
from darkroom.training import describe

pytestmark = pytest.mark.slow


def test_the_cifar10_course_adds_up(model):
    network = architectures.build(model(architecture="cifar10_convnet"), shape=(32, 32, 3), classes=10, spec={})
    rows = [row for row in describe.rows(network) if row["parameters"]]
    assert [row["parameters"] for row in rows] == [896, 18_496, 36_928, 65_600, 650]
    assert [row["output"] for row in rows] == [(30, 30, 32), (13, 13, 64), (4, 4, 64), (64,), (10,)]
    assert [row["multiply_adds"] for row in rows] == [
        30 * 30 * 32 * 27, 13 * 13 * 64 * 32 * 9, 4 * 4 * 64 * 64 * 9, 1024 * 64, 640,
    ]  # fmt: skip
    assert describe.total(network)["parameters"] == network.count_params()


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (layers.Conv2D(8, 3, groups=4, padding="same"), 6 * 6 * 8 * 9 * 1),
        (layers.DepthwiseConv2D(3, padding="same"), 6 * 6 * 4 * 9),
        (layers.SeparableConv2D(8, 3, padding="same"), 6 * 6 * (4 * 9 + 4 * 8)),
        (layers.Conv2D(8, 3, dilation_rate=2, padding="same"), 6 * 6 * 8 * 9 * 4),
        (layers.MaxPooling2D(2), 0),
    ],
)
def test_multiply_adds_follow_the_formula(layer, expected):
    network = keras.Sequential([keras.Input((6, 6, 4)), layer])
    assert describe.rows(network)[-1]["multiply_adds"] == expected


def test_a_network_in_a_network_counts_too():
    inner = keras.Sequential([keras.Input((4, 4, 8)), layers.DepthwiseConv2D(3, padding="same"), layers.Conv2D(6, 1)])
    outer = keras.Sequential([
        keras.Input((8, 8, 3)), layers.Conv2D(8, 3, strides=2, padding="same"), layers.BatchNormalization(), inner,
        layers.SeparableConv2D(5, 3), layers.Flatten(), layers.Dense(10),
    ])  # fmt: skip
    by_hand = 4 * 4 * 3 * 3 * 3 * 8 + 4 * 4 * 3 * 3 * 8 + 4 * 4 * 8 * 6 + 2 * 2 * (3 * 3 * 6 + 6 * 5) + 20 * 10
    assert describe.multiply_adds(outer) == by_hand
