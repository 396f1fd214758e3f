"""Backbones take raw uint8 of any size and channels, and scale it as they were trained."""

import importlib

import keras
import numpy as np
import pytest

from darkroom.runtime.errors import ParamsError
from darkroom.transfer_learning import backbones

pytestmark = pytest.mark.slow


def noise(n: int, size: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(size).integers(0, 256, (n, size, size, channels), dtype="uint8")


def extractor(name: str, size: int, channels: int = 3, frozen: bool = True) -> keras.Model:
    keras.utils.set_random_seed(1)
    choice = backbones.choose(name, width=1.0, size=32)
    base = choice.build()
    base.trainable = not frozen
    return backbones.extractor(choice, base, shape=(size, size, channels))


@pytest.mark.parametrize("name", sorted(set(backbones.names()) - {"efficientnet_lite0"}))  # which Keras has not
def test_images_are_scaled_as_keras_says(name):
    pixels, backbone = keras.Input((8, 8, 3)), backbones.choose(name, width=1.0, size=96).backbone
    scaled = keras.Model(pixels, backbone.scaled(pixels))
    images = noise(2, 8).astype("float32")
    expected = np.asarray(importlib.import_module(backbone.builder.__module__).preprocess_input(images.copy()))
    # two or three roundings of float32, of numbers up to 256
    np.testing.assert_allclose(np.asarray(scaled(images)), expected, atol=4 * 2**-24 * max(1, np.abs(expected).max()))


@pytest.mark.parametrize(
    "name", ["efficientnet_lite0", "mobilenet-25", "mobilenet_v3_small", "vgg16", "densenet121", "convnext_tiny"]
)
def test_a_saved_extractor_needs_no_code_of_darkroom(name):
    network = extractor(name, 32)
    serialized = keras.saving.serialize_keras_object(network)
    assert "Lambda" not in str(serialized) and "darkroom" not in str(serialized)
    again = keras.saving.deserialize_keras_object(serialized, safe_mode=True)
    again.set_weights(network.get_weights())
    np.testing.assert_array_equal(np.asarray(again(noise(2, 32))), np.asarray(network(noise(2, 32))))


def test_a_grey_image_equals_its_copy_in_three_channels():
    grey, coloured = extractor("mobilenet-25", 32, 1), extractor("mobilenet-25", 32, 3)
    images = noise(2, 32, 1)
    np.testing.assert_array_equal(np.asarray(grey(images)), np.asarray(coloured(images.repeat(3, axis=-1))))


def test_a_uniform_image_has_the_same_features_at_every_size():
    large, small = extractor("mobilenet-25", 48), extractor("mobilenet-25", 8)
    one, other = (np.asarray(network(np.full((1, s, s, 3), 77, "uint8"))) for network, s in ((large, 48), (small, 8)))
    np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize("frozen", [True, False])
def test_only_a_frozen_base_keeps_its_statistics(frozen):
    network = extractor("mobilenet-25", 32, frozen=frozen)
    before = [value.copy() for value in network.get_weights()]
    network(noise(8, 32), training=True)
    same = [np.array_equal(a, b) for a, b in zip(before, network.get_weights(), strict=True)]
    assert all(same) is frozen


def test_a_name_may_end_in_a_width():
    assert backbones.choose("mobilenet_v2-35", width=1.0, size=32).width == 0.35
    assert backbones.choose("mobilenet_v2", width=0.5, size=32).width == 0.5
    assert backbones.choose("vgg16", width=0.5, size=32).width is None


@pytest.mark.parametrize(
    ("name", "width", "size", "message"),
    [
        ("resnet5O", 1.0, 32, "unknown backbone resnet5O .* choose from convnext_tiny, "),
        ("mobilenet", 0.3, 32, r"mobilenet has no width 0\.3 .* choose from 0\.25, 0\.5, 0\.75, 1\.0"),
        ("mobilenet_v2-36", 1.0, 32, r"mobilenet_v2 has no width 0\.36"),
        ("mobilenet_v2-x", 1.0, 32, "mobilenet_v2 has no width x"),
        ("efficientnet_lite0-50", 1.0, 32, "efficientnet_lite0 has one width only"),
        ("vgg16-50", 1.0, 32, "vgg16 has one width only .* fix: write vgg16"),
        ("inception_v3", 1.0, 64, "takes 75 pixels or more, not 64 .* fix: set input_size to 75"),
    ],
)
def test_an_unknown_backbone_is_a_params_error(name, width, size, message):
    with pytest.raises(ParamsError, match=message):
        backbones.choose(name, width=width, size=size)
