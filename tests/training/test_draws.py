"""The random numbers of an epoch follow from its seed and its number, and are not those of another."""

import keras
import numpy as np
import pytest

from darkroom.training import draws

pytestmark = pytest.mark.slow

DRAWS = 50


@pytest.fixture
def drawn():
    """A function that gives the draws of two generators in an epoch, float (2, DRAWS)."""
    layers = [keras.layers.Dropout(0.5, seed=1), keras.layers.Dropout(0.5, seed=1)]
    variables = [variable for layer in layers for variable in layer.variables]

    def draw(seed, epoch):
        draws.reseed(variables, seed, epoch)
        generators = [layer.seed_generator for layer in layers]
        return np.array([[float(keras.random.uniform((), seed=own)) for _ in range(DRAWS)] for own in generators])

    return draw


def test_an_epoch_draws_the_same_numbers_again(drawn):
    np.testing.assert_array_equal(drawn(1, 3), drawn(1, 3))


def test_no_draw_is_repeated_by_another_generator_epoch_or_seed(drawn):
    """Neither at once nor some batches later; of 400 floats of 23 bits two would meet by chance in 1 of 100 seeds."""
    seen = np.concatenate([drawn(seed, epoch).ravel() for seed in (1, 2) for epoch in (0, 1)])
    assert len(np.unique(seen)) == len(seen)
