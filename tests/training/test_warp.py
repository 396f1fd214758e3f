"""warp: each step alone does what its name says, to an image whose outcome a person can see."""

import numpy as np
import pytest

from darkroom.training.warp import Warp

pytestmark = pytest.mark.slow

RAMP = np.tile(np.arange(9.0), (9, 1))[None, :, :, None]  # brightness is the column number


def warped(config, images):
    return np.asarray(Warp(config, seed=3)(np.asarray(images, "float32"), training=True))


@pytest.fixture
def many():
    return np.repeat(RAMP, 200, axis=0)


def test_a_shift_moves_whole_pixels_so_that_nothing_is_blurred(changes, many):
    moved = warped(changes(shift=0.2), many)[:, 4, 4, 0] - 4
    np.testing.assert_allclose(moved, np.rint(moved), atol=1e-4)
    assert set(np.rint(moved)) == {-2, -1, 0, 1, 2}  # a share of 0.2 of 9 pixels is 1.8


def test_a_turn_leaves_the_centre_and_tilts_the_ramp_by_its_angle(changes, many):
    turned = warped(changes(rotation=30.0), many)[:, :, :, 0]
    np.testing.assert_allclose(turned[:, 4, 4], 4, atol=1e-3)
    angles = np.degrees(np.arctan2(turned[:, 5, 4] - turned[:, 3, 4], turned[:, 4, 5] - turned[:, 4, 3]))
    assert 27 < np.abs(angles).max() <= 30.01


def test_a_zoom_stretches_the_ramp_by_its_share(changes, many):
    slope = warped(changes(zoom=0.2), many)[:, 4, 5, 0] - 4
    assert 0.8 - 1e-4 <= slope.min() < 0.83 and 1.17 < slope.max() <= 1.2 + 1e-4


def test_a_shear_moves_rows_by_the_tangent_of_its_angle(changes, many):
    lean = warped(changes(shear=20.0), many)[:, 5, 4, 0] - 4
    assert 0.9 * np.tan(np.radians(20)) < np.abs(lean).max() <= np.tan(np.radians(20)) + 1e-4


def test_images_of_a_batch_are_warped_differently(changes, many):
    assert len(np.unique(warped(changes(rotation=30.0), many)[:, 3, 4, 0])) > 100
