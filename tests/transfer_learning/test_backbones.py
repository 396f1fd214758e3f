"""backbones: raw uint8 in, whatever the side and the channels; each scaled as it was when it was trained."""

import importlib

import keras
import numpy as np
import pytest

from darkroom.runtime.errors import ParamsError
from darkroom.transfer_learning import backbones

pytestmark = pytest.mark.slow


def noise(n: int, side: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(side).integers(0, 256, (n, side, side, channels), dtype="uint8")


def extractor(name: str, side: int, channels: int = 3, frozen: bool = True) -> keras.Model:
    keras.utils.set_random_seed(1)
    chosen = backbones.choose(name, width=1.0, side=32)
    base = chosen.base()
    base.trainable = not frozen
    return backbones.extractor(chosen, base, shape=(side, side, channels))


@pytest.mark.parametrize("name", backbones.names())
def test_images_are_scaled_as_keras_says(name):
    pixels, known = keras.Input((8, 8, 3)), backbones.choose(name, width=1.0, side=96).known
    scaled = keras.Model(pixels, known.scaled(pixels))
    images = noise(2, 8).astype("float32")
    expected = np.asarray(importlib.import_module(known.builder.__module__).preprocess_input(images.copy()))
    # two or three roundings of float32, of numbers up to 256
    np.testing.assert_allclose(np.asarray(scaled(images)), expected, atol=4 * 2**-24 * max(1, np.abs(expected).max()))


@pytest.mark.parametrize("name", ["mobilenet-25", "mobilenet_v3_small", "vgg16", "densenet121", "convnext_tiny"])
def test_what_is_saved_needs_no_code_of_ours(name):
    network = extractor(name, 32)
    saved = keras.saving.serialize_keras_object(network)
    assert "Lambda" not in str(saved) and "darkroom" not in str(saved)
    again = keras.saving.deserialize_keras_object(saved, safe_mode=True)
    again.set_weights(network.get_weights())
    np.testing.assert_array_equal(np.asarray(again(noise(2, 32))), np.asarray(network(noise(2, 32))))


def test_a_grey_image_is_seen_as_a_coloured_one_without_colour():
    grey, coloured = extractor("mobilenet-25", 32, 1), extractor("mobilenet-25", 32, 3)
    images = noise(2, 32, 1)
    np.testing.assert_array_equal(np.asarray(grey(images)), np.asarray(coloured(images.repeat(3, axis=-1))))


def test_a_flat_image_is_seen_alike_at_every_side():
    large, small = extractor("mobilenet-25", 48), extractor("mobilenet-25", 8)
    seen = [np.asarray(network(np.full((1, s, s, 3), 77, "uint8"))) for network, s in ((large, 48), (small, 8))]
    np.testing.assert_allclose(seen[0], seen[1], atol=1e-5)


@pytest.mark.parametrize("frozen", [True, False])
def test_only_a_frozen_base_keeps_its_statistics(frozen):
    network = extractor("mobilenet-25", 32, frozen=frozen)
    before = [value.copy() for value in network.get_weights()]
    network(noise(8, 32), training=True)
    same = [np.array_equal(a, b) for a, b in zip(before, network.get_weights(), strict=True)]
    assert all(same) is frozen


def test_a_name_may_end_in_a_width():
    assert backbones.choose("mobilenet_v2-35", width=1.0, side=32).width == 0.35
    assert backbones.choose("mobilenet_v2", width=0.5, side=32).width == 0.5
    assert backbones.choose("vgg16", width=0.5, side=32).width is None


@pytest.mark.parametrize(
    ("name", "width", "side", "said"),
    [
        ("resnet5O", 1.0, 32, "unknown backbone resnet5O .* choose from convnext_tiny, "),
        ("mobilenet", 0.3, 32, r"mobilenet has no width 0\.3 .* choose from 0\.25, 0\.5, 0\.75, 1\.0"),
        ("mobilenet_v2-36", 1.0, 32, r"mobilenet_v2 has no width 0\.36"),
        ("mobilenet_v2-x", 1.0, 32, "mobilenet_v2 has no width x"),
        ("vgg16-50", 1.0, 32, "vgg16 has one width only .* fix: write vgg16"),
        ("inception_v3", 1.0, 64, "takes 75 pixels or more, not 64 .* fix: set input_size to 75"),
    ],
)
def test_a_backbone_that_there_is_not_is_a_mistake_in_params(name, width, side, said):
    with pytest.raises(ParamsError, match=said):
        backbones.choose(name, width=width, side=side)
