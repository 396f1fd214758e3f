"""judging.exhibits: which images are shown of a model."""

import numpy as np

from darkroom.evaluate import explanation_images

LABELS = np.repeat([0, 1, 2], 4)
PROBABILITIES = np.array([
    [0.9, 0.1, 0], [0.7, 0.3, 0], [0.5, 0.4, 0.1], [0.1, 0.9, 0],
    [0.2, 0.8, 0], [0.3, 0.6, 0.1], [0.05, 0.95, 0], [0, 0.01, 0.99],
    [1, 0, 0], [1, 0, 0], [0.8, 0.1, 0.1], [0.7, 0.2, 0.1],
])  # fmt: skip


def test_the_surest_mistakes_come_first_and_equal_ones_by_row():
    assert explanation_images.choose(LABELS, PROBABILITIES)["mistakes"] == [8, 9, 7, 3, 10, 11]


def test_a_typical_hit_is_the_median_of_its_class_and_a_class_without_hits_has_none():
    assert explanation_images.choose(LABELS, PROBABILITIES)["correct"] == [1, 4]


def test_what_was_chosen_is_drawn():
    import keras
    from keras import layers

    pixels = keras.Input((12, 12, 3), dtype="uint8")
    x = layers.ReLU()(layers.Conv2D(20, 3)(layers.Rescaling(1 / 255)(pixels)))
    model = keras.Model(pixels, layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(x)))
    images = np.random.default_rng(0).integers(0, 256, (12, 12, 12, 3), "uint8")
    told, pngs = explanation_images.explained(model, images, LABELS, PROBABILITIES)
    heat = {f"heatmap-{row}" for row in told["mistakes"] + told["correct"]}
    assert pngs.keys() == heat | {"filters", "feature_maps"}
    assert all(png.startswith(b"\x89PNG") for png in pngs.values())
    assert (told["filters"], told["heatmaps"], told["feature_maps_row"]) == ([20, 3, 3, 3], True, 4)
