"""Pixels are normalised as the spec says, inside the network."""

import keras
import numpy as np
import pytest

from darkroom.training import io_layers

pytestmark = pytest.mark.slow

PIXELS = np.array([[[[0, 100, 255]]]], dtype="uint8")  # one image of one pixel
STATISTICS = {"mean": [10.0, 100.0, 200.0], "deviation": [5.0, 50.0, 0.0]}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, [0, 100 / 255, 1]),
        ({"normalise": "unit", **STATISTICS}, [0, 100 / 255, 1]),
        ({"normalise": "center", **STATISTICS}, [-10 / 255, 0, 55 / 255]),
        ({"normalise": "standardise", **STATISTICS}, [-2, 0, 55]),  # a deviation below 1 counts as 1
    ],
)
def test_pixels_are_normalised_as_the_spec_says(tmp_path, spec, expected):
    pixels = io_layers.pixels((1, 1, 3))
    network = keras.Model(pixels, io_layers.scaled(pixels, spec))
    np.testing.assert_allclose(np.asarray(network(PIXELS))[0, 0, 0], expected, atol=1e-6)
    network.save(tmp_path / "scaled.keras")
    again = keras.models.load_model(tmp_path / "scaled.keras")
    np.testing.assert_array_equal(np.asarray(again(PIXELS)), np.asarray(network(PIXELS)))
