"""architectures: from raw uint8 to probabilities, every knob turned."""

import numpy as np
import pytest

from darkroom.learning import architectures
from darkroom.params import Model

pytestmark = pytest.mark.slow

PLAIN = {
    "blocks": 1, "convolutions": 1, "filters": 4, "kernel": 3, "batch_norm": False, "head": "flatten", "dense": 0,
    "dropout": 0.0, "optimizer": "adam", "learning_rate": 0.001,
}  # fmt: skip


def build(**knobs):
    return architectures.tunable(Model(**{**PLAIN, **knobs}), shape=(8, 8, 1), classes=3)


@pytest.mark.parametrize(
    "knobs",
    [{}, {"blocks": 3}, {"convolutions": 2}, {"kernel": 5}, {"batch_norm": True}, {"head": "average"}, {"dense": 7}],
)
def test_rows_of_probabilities_sum_to_one(knobs):
    pictures = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1), dtype=np.uint8)
    probabilities = build(**knobs).predict(pictures, verbose=0)
    assert probabilities.shape == (5, 3) and probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("knobs", "parameters"),
    [
        ({}, (3 * 3 * 1 + 1) * 4 + (4 * 4 * 4 + 1) * 3),
        ({"kernel": 5}, (5 * 5 * 1 + 1) * 4 + (4 * 4 * 4 + 1) * 3),
        ({"head": "average"}, (3 * 3 * 1 + 1) * 4 + (4 + 1) * 3),
        ({"dense": 7}, (3 * 3 * 1 + 1) * 4 + (4 * 4 * 4 + 1) * 7 + (7 + 1) * 3),
    ],
)
def test_parameters_are_those_of_the_formula(knobs, parameters):
    assert build(**knobs).count_params() == parameters
