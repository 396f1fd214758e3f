"""The whitening layer gives uncorrelated outputs of variance 1, and training leaves it alone."""

import keras
import numpy as np
import pytest

from darkroom.networks import architectures, recipe, whitening
from darkroom.training.session import Session, TrainingData

pytestmark = pytest.mark.slow

SPECS = [{}, {"normalise": "standardise", "mean": [90.0] * 3, "deviation": [60.0] * 3}]


@pytest.fixture
def smooth():
    """Images uint8 `(50, 8, 8, 3)` whose neighbours and colours are alike, as those of photos are."""
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 200, (50, 4, 4, 1)) + rng.integers(0, 56, (50, 4, 4, 3))
    fine = coarse.repeat(2, axis=1).repeat(2, axis=2) + rng.integers(-40, 40, (50, 8, 8, 3))
    return fine.clip(0, 255).astype("uint8")


def patches_of(network, images):
    """What the layer gives for each patch that lies within an image."""
    components = keras.Model(network.input, network.get_layer(whitening.NAME).output)(images)
    return np.asarray(components)[:, :-1, :-1].reshape(-1, components.shape[-1])


@pytest.mark.parametrize("spec", SPECS, ids=["unit", "standardise"])
def test_outputs_for_patches_of_the_training_images_are_uncorrelated_of_mean_0_and_variance_1(model, smooth, spec):
    network = architectures.build(model(whitening=True), shape=(8, 8, 3), classes=2, spec=spec)
    whitening.fit(network, smooth)
    outputs = patches_of(network, smooth)
    least = np.linalg.eigvalsh(np.cov(scaled_patches(network, smooth).T)).min()
    np.testing.assert_allclose(outputs.mean(0), 0, atol=1e-3)  # sums of float32
    np.testing.assert_allclose(np.cov(outputs.T), np.eye(12), atol=whitening.DAMPING / least + 1e-3)
    assert whitening.DAMPING / least < 0.1


def scaled_patches(network, images):
    scaled = np.asarray(keras.Model(network.input, network.get_layer(whitening.NAME).input)(images))
    windows = np.lib.stride_tricks.sliding_window_view(scaled, (2, 2), axis=(1, 2))
    return windows.reshape(-1, 12)


def test_a_component_without_variance_is_not_amplified():
    grey = np.random.default_rng(1).random((9, 8, 8, 1), "float32").repeat(3, axis=3)  # colours never differ
    kernel, _ = whitening.weights(grey)
    assert np.abs(kernel).max() <= 1 / np.sqrt(whitening.DAMPING)


def test_training_starts_with_the_layer_whitened_and_leaves_it_alone(painted, model, brief, changes, tmp_path):
    data = TrainingData(painted(80, 1), painted(40, 2))
    hparams = model(whitening=True, ema=0.9, weight_decay=0.1, optimizer="adamw")
    session = Session(3, tmp_path, quiet=True)
    trained = recipe.train_network(hparams, data, brief(epochs=1), changes(), session)
    kernel, bias = trained.network.get_layer(whitening.NAME).get_weights()
    expected, offset = whitening.weights(data.train.images.astype("float32") / 255)
    np.testing.assert_allclose(kernel, expected, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(bias, offset, rtol=1e-3, atol=1e-3)


def test_a_network_without_the_layer_is_left_alone(model):
    network = architectures.build(model(), shape=(8, 8, 1), classes=2, spec={})
    before = network.get_weights()
    whitening.fit(network, np.zeros((4, 8, 8, 1), "uint8"))
    assert all(np.array_equal(a, b) for a, b in zip(before, network.get_weights(), strict=True))
