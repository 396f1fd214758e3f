"""evaluate.explanation_images: which images are shown of a model, and how they are drawn."""

import io

import numpy as np
from PIL import Image

from darkroom.evaluate import explanation_images
from darkroom.metrics.sample import from_probabilities

LABELS = np.repeat([0, 1, 2], 4)
PROBABILITIES = np.array([
    [0.9, 0.1, 0], [0.7, 0.3, 0], [0.5, 0.4, 0.1], [0.1, 0.9, 0],
    [0.2, 0.8, 0], [0.3, 0.6, 0.1], [0.05, 0.95, 0], [0, 0.01, 0.99],
    [1, 0, 0], [1, 0, 0], [0.8, 0.1, 0.1], [0.7, 0.2, 0.1],
])  # fmt: skip
PREDICTIONS = from_probabilities(LABELS, PROBABILITIES)


def test_the_most_confident_mistakes_come_first_and_equal_ones_by_row():
    assert explanation_images.choose(PREDICTIONS).mistakes == [8, 9, 7, 3, 10, 11]


def test_a_typical_correct_prediction_is_the_median_of_its_class_and_a_class_without_any_has_none():
    assert explanation_images.choose(PREDICTIONS).correct == [1, 4]


def test_the_chosen_images_are_drawn():
    import keras
    from keras import layers

    pixels = keras.Input((12, 12, 3), dtype="uint8")
    x = layers.ReLU()(layers.Conv2D(20, 3)(layers.Rescaling(1 / 255)(pixels)))
    model = keras.Model(pixels, layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(x)))
    images = np.random.default_rng(0).integers(0, 256, (12, 12, 12, 3), "uint8")
    explanation, pngs = explanation_images.draw(model, images, PREDICTIONS)
    heatmaps = {f"heatmap-{row}" for row in explanation["mistakes"] + explanation["correct"]}
    assert pngs.keys() == heatmaps | {"filters", "feature_maps"}
    assert all(png.startswith(b"\x89PNG") for png in pngs.values())
    assert explanation["filters"] == [20, 3, 3, 3]
    assert (explanation["heatmaps"], explanation["feature_maps_row"]) == (True, 4)


def test_where_the_heatmap_is_0_the_image_is_only_made_grey():
    image = np.array([[[10, 20, 30]] * 4] * 4, "uint8")
    assert (explanation_images.overlay(image, np.zeros((2, 2))) == 20).all()


def test_where_the_heatmap_is_1_the_image_is_warm():
    heatmap = np.array([[1.0, 0], [0, 0]])
    pixels = explanation_images.overlay(np.full((8, 8, 1), 100, "uint8"), heatmap).astype(int)
    assert pixels[0, 0, 0] - pixels[0, 0, 2] > 100 and (pixels[7, 7] == 100).all()


def test_a_tile_is_where_its_row_and_column_are():
    rows = [np.zeros((2, 4, 4, 1)), np.ones((1, 7, 3, 1))]
    pixels, tile = explanation_images.tiles(rows), explanation_images.TILE
    step = tile + explanation_images.GAP
    assert pixels.shape == (step + tile, step + tile, 1)
    assert (pixels[:tile, :tile] == 0).all() and (pixels[step:, :tile] == 255).all()
    assert (pixels[step:, step:] == explanation_images.BACKGROUND).all()


def test_only_the_gaps_between_the_tiles_are_transparent():
    every = np.arange(256).reshape(1, 16, 16, 1) / 255
    png = Image.open(io.BytesIO(explanation_images.encode_tiles([every, np.concatenate([every, every])])))
    assert png.info["transparency"] == explanation_images.BACKGROUND
    assert explanation_images.BACKGROUND not in explanation_images.tiles([every])


def test_each_map_is_scaled_by_itself_and_a_constant_one_is_black():
    maps = explanation_images._normalized(np.array([[[1.0, 3.0]], [[5.0, 5.0]]]))
    assert maps.tolist() == [[[0, 1]], [[0, 0]]]
