"""judging.sheets: arrays as images."""

import struct

import numpy as np

from darkroom.evaluate import sheets


def test_where_there_is_no_heat_the_image_is_grey_and_as_it_was():
    image = np.array([[[10, 20, 30]] * 4] * 4, "uint8")
    assert (sheets.warmed(image, np.zeros((2, 2))) == 20).all()


def test_heat_warms_its_own_corner():
    found = sheets.warmed(np.full((8, 8, 1), 100, "uint8"), np.array([[1.0, 0], [0, 0]])).astype(int)
    assert found[0, 0, 0] - found[0, 0, 2] > 100 and (found[7, 7] == 100).all()


def test_a_tile_is_where_its_row_and_column_are():
    rows = [np.zeros((2, 4, 4, 1)), np.ones((1, 7, 3, 1))]
    found = sheets.tiles(rows)
    step = sheets.TILE + sheets.GAP
    assert found.shape == (2 * step - sheets.GAP, 2 * step - sheets.GAP, 1)
    assert (found[: sheets.TILE, : sheets.TILE] == 0).all() and (found[step:, : sheets.TILE] == 255).all()
    assert (found[step:, step:] == sheets.GROUND).all()


def test_only_what_is_between_the_tiles_is_transparent():
    every = np.arange(256).reshape(1, 16, 16, 1) / 255
    png = sheets.sheet([every, np.concatenate([every, every])])
    assert b"tRNS" + struct.pack(">H", sheets.GROUND) in png
    assert sheets.GROUND not in sheets.tiles([every])


def test_each_map_is_stretched_by_itself_and_a_flat_one_is_black():
    found = sheets.stretched(np.array([[[1.0, 3.0]], [[5.0, 5.0]]]))
    assert found.tolist() == [[[0, 1]], [[0, 0]]]
