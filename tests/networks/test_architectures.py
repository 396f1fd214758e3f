"""The networks of the courses and the textbooks have as many parameters as their sources say."""

import keras
import numpy as np
import pytest
from tests.fixtures.defaults import DEFAULTS, changed

from darkroom.networks import architectures, classics
from darkroom.runtime.errors import ParamsError
from darkroom.training import start_weights
from darkroom.training.start_weights import About, StartWeights

pytestmark = pytest.mark.slow

PUBLISHED = [
    ("cats_dogs_cnn", (64, 64, 3), 2, "sigmoid", 813_217),
    ("cifar10_convnet", (32, 32, 3), 10, "softmax", 122_570),
    ("mnist_cnn", (28, 28, 1), 10, "softmax", 542_230),
    ("lenet5", (28, 28, 1), 10, "softmax", 61_706),
    ("alexnet", (227, 227, 3), 1000, "softmax", 62_378_344),
    ("zfnet", (225, 225, 3), 1000, "softmax", 62_357_608),
    ("vgg16", (224, 224, 3), 1000, "softmax", 138_357_544),
    ("vgg19", (224, 224, 3), 1000, "softmax", 143_667_240),
    ("inception", (299, 299, 3), 1000, "softmax", 23_851_784),
    ("resnet", (224, 224, 3), 1000, "softmax", 25_636_712),
]


@pytest.fixture
def build(model):
    def made(name, shape, classes, output="softmax", spec=None):
        return architectures.build(
            model(architecture=name, output=output), shape=shape, classes=classes, spec=spec or {}
        )

    return made


@pytest.mark.parametrize(("name", "shape", "classes", "output", "parameters"), PUBLISHED)
def test_parameters_are_the_published_ones(build, name, shape, classes, output, parameters):
    with keras.StatelessScope(initialize_variables=False):  # VGG-19 alone would draw half a gigabyte of random numbers
        assert build(name, shape, classes, output).count_params() == parameters


def test_every_name_has_its_published_count():
    assert {name for name, *_ in PUBLISHED} | {"tunable"} == set(architectures.names())


@pytest.mark.parametrize(("name", "size"), [(plan.__name__, size) for plan, size in classics.MIN_SIZE.items()])
def test_the_smallest_image_is_the_smallest_that_works(build, name, size):
    with keras.StatelessScope(initialize_variables=False):
        assert build(name, (size, size, 3), 2).output_shape == (None, 2)
    with pytest.raises(ParamsError, match=f"{name} leaves nothing .* fix: set it to {size} or more"):
        build(name, (size - 1, size - 1, 3), 2)


def test_one_sigmoid_unit_gives_both_probabilities(build):
    images = np.random.default_rng(0).integers(0, 256, (5, 12, 12, 1), dtype=np.uint8)
    probabilities = build("cats_dogs_cnn", (12, 12, 1), 2, "sigmoid").predict(images, verbose=0)
    assert probabilities.shape == (5, 2) and probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-6)


def test_one_sigmoid_unit_for_three_classes_is_a_params_error(build):
    with pytest.raises(ParamsError, match="separates two classes, there are 3"):
        build("mnist_cnn", (8, 8, 1), 3, "sigmoid")


@pytest.mark.parametrize("changes", [{"residual": True, "blocks": 2, "convolutions": 2}, {"architecture": "lenet5"}])
def test_a_network_that_was_saved_gives_a_new_one_all_its_weights(changes, tmp_path):
    """Also from within the average over mirror images: a warm start relies on the order of the layers."""
    hparams = changed(DEFAULTS.model, **changes, filters=4, dense=8, test_time_flip=True)
    old, new = (architectures.build(hparams, shape=(32, 32, 1), classes=3, spec={}) for _ in range(2))
    architectures.finished(old, hparams).save(tmp_path / "model.keras")
    saved = keras.models.load_model(tmp_path / "model.keras", compile=False)
    about = About(reason="", champion="any", classes=["a", "b", "c"], epochs=1)
    taken = start_weights.take_over(new, ["a", "b", "c"], StartWeights(about, start_weights.of_network(saved)))
    assert start_weights.is_whole(taken)
    for one, other in zip(new.get_weights(), old.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
