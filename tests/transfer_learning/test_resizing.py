"""Cubic interpolation gives the same floats on every backend."""

import keras
import numpy as np
import pytest

from darkroom.transfer_learning import resizing

pytestmark = pytest.mark.slow


def noise(size: int) -> np.ndarray:
    return np.random.default_rng(size).integers(0, 256, (2, size, size, 3), dtype="uint8")


@pytest.mark.parametrize(
    ("before", "after", "tolerance"),
    # float32 of numbers up to 512; TensorFlow's weights come from a table, where they are off by up to 2**-11
    [(16, 32, 1e-3), (32, 16, 1e-3), (44, 32, 1e-3), (20, 32, 1e-3), (64, 96, 4 * 255 * 2**-11)],
)
def test_it_is_the_bicubic_interpolation_of_tensorflow(before, after, tolerance):
    images = noise(before)
    expected = keras.ops.image.resize(images.astype("float32"), (after, after), interpolation="bicubic")
    np.testing.assert_allclose(resizing.resized(images, after), expected, atol=tolerance)


def test_an_edge_overshoots_and_is_not_cut_off():
    edge = np.repeat(np.array([0, 255], "uint8"), 4).reshape(1, 1, 8, 1).repeat(8, axis=1)
    resized = np.asarray(resizing.resized(edge, 24))
    assert resized.dtype == "float32" and resized.min() < -5 and resized.max() > 260


@pytest.mark.parametrize("size", [5, 8, 13, 40])
def test_a_uniform_image_stays_uniform_and_a_gradient_a_gradient(size):
    weights = resizing.matrix(8, size)
    np.testing.assert_allclose(weights.sum(0), 1, atol=1e-6)
    centres = (np.arange(size) + 0.5) * 8 / size - 0.5
    inner = (centres >= 1) & (centres <= 6)  # where all four pixels are there
    np.testing.assert_allclose((np.arange(8) @ weights)[inner], centres[inner], atol=1e-5)


def test_the_same_size_is_the_same_image():
    np.testing.assert_array_equal(resizing.matrix(7, 7), np.eye(7))
