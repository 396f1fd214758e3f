"""Covered copies of an image."""

import numpy as np
import pytest

from darkroom.serve import occlusion


@pytest.mark.parametrize("size", [3, 8, 13, 64])
def test_each_pixel_is_covered_in_some_copy_and_copies_differ_nowhere_else(size):
    pixels = np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)
    mean = pixels.mean((0, 1)).round().astype(np.uint8)
    copies = np.stack(occlusion.covered(pixels))
    cells = min(occlusion.CELLS, size)
    assert copies.shape == (cells * cells, size, size, 3)
    is_covered = (copies == mean).all(-1)
    assert is_covered.any(0).all()
    assert (is_covered | (copies == pixels).all(-1)).all()
    assert is_covered.mean((1, 2)).max() <= (3 / cells + 3 / size) ** 2


def test_a_drop_has_the_place_of_its_cell():
    drops = occlusion.drops(0.9, [0.9, 0.4, 1.0, 0.9])
    np.testing.assert_allclose(drops, [[0, 0.5], [-0.1, 0]], atol=1e-12)
