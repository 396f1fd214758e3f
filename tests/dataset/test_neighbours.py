"""neighbours.nearest: what comparing each image with each would find."""

import numpy as np
import pytest

from darkroom.dataset import neighbours


@pytest.mark.parametrize("block", [7, 64, 2048])
def test_the_nearest_neighbours_are_those_of_all_pairs_upright_or_mirrored(monkeypatch, block):
    monkeypatch.setattr(neighbours, "BLOCK", block)
    n, count, floor = 100, 4, 0.3
    vectors = np.random.default_rng(1).normal(size=(n, 6)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    odd = np.arange(6) % 2 == 1
    correlations = np.maximum(vectors @ vectors.T, vectors @ (vectors * np.where(odd, -1, 1)).T)
    np.fill_diagonal(correlations, 0)
    nearest = neighbours.nearest(vectors, odd, count, floor)
    for image in range(n):
        best = np.argsort(-correlations[image])[:count]
        best = best[correlations[image, best] > floor]
        mine = nearest.image == image
        assert nearest.neighbour[mine].tolist() == best.tolist()
        assert nearest.correlation[mine] == pytest.approx(correlations[image, best], abs=1e-6)


@pytest.mark.parametrize("n", [0, 1])
def test_no_image_and_one_have_no_neighbours(n):
    assert len(neighbours.nearest(np.ones((n, 3), np.float32), np.zeros(3, bool), 8, 0.5).image) == 0


def test_images_that_are_all_alike_are_still_found():
    nearest = neighbours.nearest(np.tile(np.float32([0.6, 0.8]), (30, 1)), np.zeros(2, bool), 8, 0.5)
    assert np.bincount(nearest.image).tolist() == [8] * 30
