"""A recipe trains on the rows that it is given, and another seed trains another model."""

from dataclasses import replace

import numpy as np
import pytest

from darkroom.refit import recipes
from darkroom.refit.config import RefitConfig
from darkroom.training import device
from darkroom.training.session import Session, TrainingData
from darkroom.transfer_learning import transfer
from darkroom.transfer_learning.weights import Base

pytestmark = pytest.mark.slow


HALF = np.arange(48)  # rows


@pytest.fixture(scope="module")
def data(packs):
    return TrainingData(*packs(96, 32))


@pytest.fixture(scope="module")
def tuned(data, model, brief, changes):
    return recipes.TunedNetwork(data, model(learning_rate=0.02), brief(epochs=3), changes(shift=0.1))


@pytest.fixture(scope="module")
def frozen(data, small, changes, brief, transfer_config, tmp_path_factory):
    device.make_repeatable(1)
    base = Base(small, small.build(), "small.h5")
    cached = transfer.feature_cache(base, (8, 8, 1), tmp_path_factory.mktemp("features"))
    config = RefitConfig(1, changes(shift=0.1), brief(epochs=3), transfer_config(6))
    return recipes.on_frozen(base, cached, data, config)


@pytest.fixture(params=["tuned", "frozen"])
def recipe(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A function that trains a recipe on HALF with seed 1, once for all tests."""
    models = {}

    def train(recipe):
        if recipe.name not in models:
            session = Session(1, tmp_path_factory.mktemp("trained"), quiet=True)
            models[recipe.name] = recipe.train(HALF, session)
        return models[recipe.name]

    return train


def test_the_same_seed_and_rows_give_the_same_probabilities_and_another_seed_others(recipe, trained, data, tmp_path):
    def train(seed):
        return recipe.train(HALF, Session(seed, tmp_path / str(seed), quiet=True)).probabilities(data.val.images)

    first = trained(recipe).probabilities(data.val.images)
    assert first.shape == (32, 2)
    np.testing.assert_array_equal(first, train(1))
    assert np.abs(first - train(2)).max() > 1e-4


def test_probabilities_of_training_images_are_those_of_the_images(recipe, trained, data):
    model, rows = trained(recipe), np.arange(48, 96)
    expected = model.probabilities(data.train.images[rows])
    np.testing.assert_allclose(model.probabilities_of_training(rows), expected, atol=1e-5)  # float32 in other batches


def test_a_label_that_is_not_among_the_rows_changes_nothing(tuned, trained, data, tmp_path):
    others = replace(data.train, labels=np.where(np.arange(96) < 48, data.train.labels, 1 - data.train.labels))
    flipped = replace(tuned, data=TrainingData(others, data.val))
    again = flipped.train(HALF, Session(1, tmp_path / "state", quiet=True))
    np.testing.assert_array_equal(trained(tuned).probabilities(data.val.images), again.probabilities(data.val.images))


def test_a_row_that_is_listed_twice_is_trained_on_twice(frozen, tmp_path):
    rows = np.array([3, 3, 5])
    taken = recipes.take(frozen.features.train, rows)
    np.testing.assert_array_equal(taken.images[0], taken.images[1])
    assert len(taken.labels) == len(taken.paths) == len(taken.clusters) == 3


def test_a_lengthened_recipe_has_so_many_times_the_epochs_and_the_patience(tuned, frozen):
    fit = tuned.lengthened(1.5).fit
    assert (fit.epochs, fit.patience) == (5, 14)  # 3 and 9 before, rounded up
    assert frozen.lengthened(2).config.fit.epochs == 12


def test_a_backbone_with_random_weights_draws_them_from_the_seed(
    data, changes, transfer_config, small, monkeypatch, tmp_path
):
    def load_base(name, config, folder, *, seed):
        device.make_repeatable(seed)
        return Base(small, small.build(), None)

    monkeypatch.setattr(transfer, "load_base", load_base)
    whole = recipes.WholeBackbone("small", data, changes(), transfer_config(2), tmp_path)
    one, two = (
        whole.train(np.arange(96), Session(seed, tmp_path / str(seed), quiet=True)).probabilities(data.val.images)
        for seed in (1, 2)
    )
    assert np.abs(one - two).max() > 1e-4
