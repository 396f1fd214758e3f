"""The tunable network gives probabilities for every hyperparameter, and has the parameters of the formula."""

import numpy as np
import pytest

from darkroom.networks import architectures
from darkroom.runtime.errors import ParamsError

pytestmark = pytest.mark.slow

OVERRIDES = [
    {"blocks": 3}, {"convolutions": 2}, {"kernel": 5}, {"batch_norm": True}, {"head": "average"}, {"dense": 7},
    {"convolution": "separable"}, {"convolution": "depthwise"}, {"convolution": "dilated"},
    {"convolution": "grouped", "convolutions": 2}, {"padding": "valid"}, {"pooling": "average"},
    {"residual": True, "convolutions": 3}, {"residual": True, "padding": "valid", "convolutions": 2},
    {"output": "sigmoid"}, {"whitening": True}, {"whitening": True, "residual": True},
]  # fmt: skip


@pytest.fixture
def build(model):
    return lambda **hparams: architectures.build(model(**hparams), shape=(8, 8, 1), classes=2, spec={})


@pytest.mark.parametrize("hparams", OVERRIDES, ids=str)
def test_rows_of_probabilities_sum_to_one(build, hparams):
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1), dtype=np.uint8)
    probabilities = build(**hparams).predict(images, verbose=0)
    assert probabilities.shape == (5, 2) and probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("hparams", "parameters"),
    [
        ({}, (3 * 3 * 1 + 1) * 4 + (4 * 4 * 4 + 1) * 2),
        ({"kernel": 5}, (5 * 5 * 1 + 1) * 4 + (4 * 4 * 4 + 1) * 2),
        ({"padding": "valid"}, (3 * 3 * 1 + 1) * 4 + (3 * 3 * 4 + 1) * 2),
        ({"head": "average"}, (3 * 3 * 1 + 1) * 4 + (4 + 1) * 2),
        ({"dense": 7}, (3 * 3 * 1 + 1) * 4 + (4 * 4 * 4 + 1) * 7 + (7 + 1) * 2),
        ({"whitening": True}, (2 * 2 * 1 + 1) * 4 + (3 * 3 * 8 + 1) * 4 + (4 * 4 * 4 + 1) * 2),
        ({"output": "sigmoid"}, (3 * 3 * 1 + 1) * 4 + (4 * 4 * 4 + 1)),
        ({"convolution": "separable"}, 3 * 1 * 4 + (3 * 4 + 1) * 4 + (4 * 4 * 4 + 1) * 2),
        ({"convolution": "depthwise"}, 3 * 3 * 1 + (1 + 1) * 4 + (4 * 4 * 4 + 1) * 2),
        ({"convolution": "dilated"}, (3 * 3 * 1 + 1) * 4 + (4 * 4 * 4 + 1) * 2),
        (
            {"convolution": "grouped", "convolutions": 2},
            (3 * 3 * 1 + 1) * 4 + (3 * 3 * 1 + 1) * 4 + (4 * 4 * 4 + 1) * 2,
        ),
    ],
    ids=str,
)
def test_parameters_are_those_of_the_formula(build, hparams, parameters):
    assert build(**hparams).count_params() == parameters


def test_a_residual_branch_adds_to_what_the_block_widened(build):
    layers = [type(layer).__name__ for layer in build(residual=True, convolutions=3).layers]
    assert layers.count("Conv2D") == 1 + 3 and layers.count("Add") == 1  # one before the first block
    assert layers.index("MaxPooling2D") < layers.index("Add")


def test_images_too_small_for_the_blocks_are_a_params_error(build):
    with pytest.raises(ParamsError, match="leaves nothing of images of 8 pixels"):
        build(blocks=3, padding="valid")
