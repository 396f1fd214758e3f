"""novelty.sampling and novelty.penultimate: from a network and its images to a reference."""

import keras
import numpy as np
import pytest

from darkroom.novelty import held_out, penultimate, reference, sampling
from darkroom.packed_data import Split
from darkroom.training import io_layers
from darkroom.transfer_learning import head_training

SIZE = 12


def network(classes: int = 2, output: str = "softmax") -> keras.Model:
    """A small convolutional network with weights that are the same each time."""
    keras.utils.set_random_seed(1)
    pixels = io_layers.pixels((SIZE, SIZE, 1))
    x = keras.layers.Conv2D(16, 5, activation="relu")(io_layers.scaled(pixels, {}))
    x = keras.layers.Dense(24, activation="relu")(keras.layers.GlobalAveragePooling2D()(x))
    return keras.Model(pixels, io_layers.probabilities(x, classes, output))


def stripes(n: int, seed: int) -> np.ndarray:
    """uint8 (n, s, s, 1): across or upright in turn, at any place, with some noise."""
    random = np.random.default_rng(seed)
    wave = 127 + 100 * np.sin((np.arange(SIZE)[None] + random.integers(0, 6, (n, 1))) * np.pi / 3)
    images = np.repeat(wave[:, None, :], SIZE, axis=1)
    images[1::2] = images[1::2].transpose(0, 2, 1)
    return (images + random.normal(0, 6, images.shape)).clip(0, 255).astype(np.uint8)[..., None]


def split(images: np.ndarray) -> Split:
    labels = np.arange(len(images)) % 2
    return Split(images, labels, tuple(map(str, labels)), labels, ("across", "upright"), {})


def appearance(n: int) -> np.ndarray:
    """float (n, 6): another one for each image."""
    return np.arange(6.0 * n).reshape(n, 6)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory) -> tuple[keras.Model, reference.Reference]:
    folder = tmp_path_factory.mktemp("model")
    model = network()
    for name, data in sampling.files(model, split(stripes(300, 1)), split(stripes(200, 2)), appearance(200)).items():
        (folder / name).write_bytes(data)
    return penultimate.with_features(model), reference.read(folder)


@pytest.mark.parametrize(
    "make",
    [
        lambda random: random.integers(0, 256, (60, SIZE, SIZE, 1), np.uint8),
        lambda random: np.full((60, SIZE, SIZE, 1), 255, np.uint8),
        lambda random: (255 * (random.random((60, SIZE, SIZE, 1)) > 0.97)).astype(np.uint8),
    ],
    ids=["noise", "white", "dots"],
)
def test_images_of_another_kind_score_higher_than_nearly_all_of_the_kind(fitted, make):
    model, known = fitted
    other, same = make(np.random.default_rng(3)), stripes(200, 4)
    scores = [reference.score(known, penultimate.features(model, images)) for images in (other, same)]
    assert (scores[0] > 0.95).mean() > 0.95 and (scores[1] > 0.95).mean() < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 100)


def test_the_same_network_and_images_give_the_same_bytes():
    train, val = split(stripes(50, 1)), split(stripes(30, 2))
    first, second = (sampling.files(network(), train, val, appearance(30)) for _ in range(2))
    assert first == second


def test_the_held_out_images_are_validation_images_as_they_looked_and_as_the_network_saw_them(tmp_path):
    model, val = network(), split(stripes(30, 2))
    made = sampling.files(model, split(stripes(50, 1)), val, appearance(30))
    (tmp_path / held_out.FILE).write_bytes(made[held_out.FILE])
    kept, probabilities = held_out.read(tmp_path), np.asarray(model.predict_on_batch(val.images))
    assert (kept.labels == val.labels).all() and (kept.appearance == appearance(30)).all()
    assert (kept.predicted == probabilities.argmax(1)).all() and kept.features.shape == (30, 24 + 1)
    np.testing.assert_allclose(kept.confidence, probabilities.max(1), atol=1e-6)


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
@pytest.mark.parametrize("flipped", [False, True])
def test_features_are_what_the_last_dense_layer_is_given_and_probabilities_stay(output, flipped):
    plain = network(output=output)
    model = io_layers.with_test_time_flip(plain) if flipped else plain
    images = stripes(5, 1)
    features, probabilities = map(np.asarray, penultimate.with_features(model).predict_on_batch(images))
    np.testing.assert_allclose(probabilities, np.asarray(model.predict_on_batch(images)), atol=1e-6)
    hidden = next(layer for layer in plain.layers if getattr(layer, "units", 0) == 24)
    expected = keras.Model(plain.input, hidden.output).predict_on_batch(images)
    np.testing.assert_allclose(features, np.asarray(expected), atol=1e-6)


def test_a_head_that_was_trained_in_a_network_of_its_own_is_found_behind_its_backbone():
    pixels = io_layers.pixels((SIZE, SIZE, 1))
    x = keras.layers.Conv2D(6, 3)(io_layers.scaled(pixels, {}))
    extractor = keras.Model(pixels, keras.layers.GlobalAveragePooling2D()(x))
    alone = keras.Input((6,), name="features")
    head = keras.Model(alone, io_layers.probabilities(keras.layers.Dropout(0.5)(alone), 2))
    model, images = head_training.joined(extractor, head), stripes(5, 1)
    features = np.asarray(penultimate.with_features(model).predict_on_batch(images)[0])
    np.testing.assert_allclose(features, np.asarray(extractor.predict_on_batch(images)), atol=1e-6)


def test_a_network_without_a_dense_layer_has_no_reference():
    pixels = io_layers.pixels((SIZE, SIZE, 1))
    x = keras.layers.Conv2D(2, SIZE)(io_layers.scaled(pixels, {}))
    model = keras.Model(pixels, keras.layers.Softmax()(keras.layers.Flatten()(x)))
    assert sampling.files(model, split(stripes(4, 1)), split(stripes(4, 2)), appearance(4)) == {}


@pytest.mark.parametrize(("sizes", "most", "counts"), [
    ([5, 5], 20, [5, 5]),
    ([100, 100], 20, [10, 10]),
    ([3, 100, 100], 23, [3, 10, 10]),
    ([4] * 30, 10, None),
])  # fmt: skip
def test_a_sample_is_evenly_spaced_and_leaves_no_class_out_for_a_large_one(sizes, most, counts):
    labels = np.repeat(np.arange(len(sizes)), sizes)
    rows = sampling.rows(labels, most)
    assert (np.diff(rows) > 0).all() and len(rows) == min(most, len(labels))
    if counts:
        assert np.bincount(labels[rows]).tolist() == counts
