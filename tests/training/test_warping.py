"""Images are moved alike with and without XLA."""

import numpy as np
import pytest

from darkroom.training import device, warping

pytestmark = pytest.mark.slow

N, SIZE = 20, 9


@pytest.fixture
def images():
    return np.random.default_rng(0).uniform(0, 255, (N, SIZE, SIZE, 3)).astype("float32")


@pytest.fixture
def moved(monkeypatch, images):
    """A function that moves the images by matrices (N, 6), as a step with or without XLA does."""

    def move(matrices, *, xla, whole_pixels=False):
        monkeypatch.setattr(device, "xla", lambda: xla)
        matrix = list(matrices.T.astype("float32"))
        return np.asarray(warping.warped(images, matrix, whole_pixels=whole_pixels))

    return move


def test_gathers_read_what_the_op_of_tensorflow_reads_also_beyond_the_border(moved):
    """Sources of a matrix are up to some 60 pixels away, and float32 has them to 2**-18: times 255, for x and y."""
    rng = np.random.default_rng(1)
    matrices = rng.uniform(-1.5, 1.5, (N, 6)) + [0, 0, SIZE / 2, 0, 0, SIZE / 2] * rng.uniform(-2, 2, (N, 6))
    np.testing.assert_allclose(moved(matrices, xla=True), moved(matrices, xla=False), atol=2 * 255 * 2**-16)


@pytest.mark.parametrize("xla", [False, True])
def test_of_whole_pixels_one_read_gives_what_four_give(moved, xla):
    rng = np.random.default_rng(2)
    mirrored = rng.choice([-1, 1], (N, 2))
    shifts = rng.integers(-3, 4, (N, 2)) + (SIZE - 1) / 2 * (1 - mirrored)
    zero = np.zeros(N)
    matrices = np.stack([mirrored[:, 0], zero, shifts[:, 0], zero, mirrored[:, 1], shifts[:, 1]], axis=1)
    one, four = moved(matrices, xla=xla, whole_pixels=True), moved(matrices, xla=xla)
    np.testing.assert_array_equal(one, four)


@pytest.mark.parametrize("xla", [False, True])
def test_a_shift_repeats_the_border(moved, images, xla):
    by_two = moved(np.tile([1, 0, 2, 0, 1, 0], (N, 1)), xla=xla)
    np.testing.assert_array_equal(by_two[:, :, :-2], images[:, :, 2:])
    np.testing.assert_array_equal(by_two[:, :, -2:], images[:, :, [-1, -1]])
