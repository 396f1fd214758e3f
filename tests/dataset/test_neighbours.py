"""neighbours.nearest: what comparing each image with each would find, and how near images are never missed in cells."""

import numpy as np
import pytest

from darkroom.dataset import cells, neighbours
from darkroom.dataset.cells import Halves

ODD = np.arange(6) % 2 == 1


def unit_vectors(n, seed=1):
    vectors = np.random.default_rng(seed).normal(size=(n, len(ODD))).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def reader(vectors, odd=ODD):
    return lambda numbers: Halves(vectors[numbers][:, ~odd], vectors[numbers][:, odd])


def all_correlations(vectors, odd=ODD):
    found = np.maximum(vectors @ vectors.T, vectors @ (vectors * np.where(odd, -1, 1)).T)
    np.fill_diagonal(found, 0)
    return found


@pytest.fixture
def small_cells(monkeypatch):
    monkeypatch.setattr(cells, "ALONE", 10)
    monkeypatch.setattr(cells, "CELL", 40)


@pytest.mark.parametrize("block", [7, 64, 2048])
def test_the_nearest_neighbours_are_those_of_all_pairs_upright_or_mirrored(monkeypatch, block):
    monkeypatch.setattr(neighbours, "ROWS", block)
    monkeypatch.setattr(neighbours, "COLUMNS", block)
    n, count, floor = 100, 4, 0.3
    vectors = unit_vectors(n)
    correlations = all_correlations(vectors)
    nearest = neighbours.nearest(n, reader(vectors), count, floor)
    for image in range(n):
        best = np.argsort(-correlations[image])[:count]
        best = best[correlations[image, best] > floor]
        assert nearest.neighbour[image, : len(best)].tolist() == best.tolist()
        assert (nearest.neighbour[image, len(best) :] == neighbours.NOBODY).all()
        assert nearest.correlation[image, : len(best)] == pytest.approx(correlations[image, best], abs=1e-6)


@pytest.mark.parametrize("n", [0, 1])
def test_no_image_and_one_have_no_neighbours(n):
    vectors = np.ones((n, 3), np.float32)
    nearest = neighbours.nearest(n, reader(vectors, np.zeros(3, bool)), 8, 0.5)
    assert nearest.neighbour.tolist() == [[neighbours.NOBODY] * 8] * n


def test_images_that_are_all_alike_are_still_found():
    vectors = np.tile(np.float32([0.6, 0.8]), (30, 1))
    nearest = neighbours.nearest(30, reader(vectors, np.zeros(2, bool)), 8, 0.5)
    assert all(len({*row} - {image, neighbours.NOBODY}) == 8 for image, row in enumerate(nearest.neighbour.tolist()))


@pytest.mark.parametrize("seed", range(5))
def test_two_images_within_reach_always_meet_in_some_cell(small_cells, seed):
    vectors = unit_vectors(1000, seed)
    met = np.zeros((1000, 1000), bool)
    for visitors, members in cells.meetings(1000, reader(vectors)):
        met[np.ix_(visitors, members)] = True
    near = all_correlations(vectors) > 1 - cells.REACH**2 / 2
    assert near.sum() > 100 and not (near & ~met).any()
    assert met.mean() < 0.7


def test_each_image_meets_its_own_cell_once_and_first(small_cells):
    homes = [meeting.members for meeting in cells.meetings(400, reader(unit_vectors(400))) if meeting[0] is meeting[1]]
    assert sorted(np.concatenate(homes).tolist()) == list(range(400))


def test_an_image_that_shows_nothing_visits_no_other_cell(small_cells):
    vectors = unit_vectors(400)
    vectors[7] = 0
    meetings = list(cells.meetings(400, reader(vectors)))
    assert sum(7 in meeting.visitors for meeting in meetings) == 1


def test_in_cells_too_the_neighbours_of_clustered_images_are_those_of_all_pairs(small_cells):
    """Five images around each of 80 directions, within reach of each other: so nothing may be missed."""
    base = np.repeat(unit_vectors(80), 5, axis=0)
    vectors = base + np.random.default_rng(2).normal(0, 0.02, base.shape).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    correlations = all_correlations(vectors)
    nearest = neighbours.nearest(400, reader(vectors), 4, 0.98)
    best = np.sort(correlations, axis=1)[:, ::-1][:, :4]
    assert nearest.correlation == pytest.approx(np.maximum(best, 0.98), abs=1e-6)
