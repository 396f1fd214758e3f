"""The two best models are trained again, each time from another seed; without `seeds` nothing is."""

import numpy as np
import pytest

from darkroom.refit import recipes
from darkroom.refit.config import RefitConfig, RefitPaths
from darkroom.repeat import repetition, trainings
from darkroom.training.session import Session, TrainingData


def test_the_two_models_of_the_lowest_validation_loss_are_repeated():
    assert repetition.two_best({"a": 0.3, "b": 0.1, "c": 0.2}) == ["b", "c"]
    assert repetition.two_best({"b": 0.1, "a": 0.1, "c": 0.2}) == ["a", "b"]
    assert repetition.two_best({"a": 0.3}) == []


def test_every_training_has_a_seed_of_its_own():
    planned = repetition.planned(["cnn", "mobilenet"], 3, seed=1)
    assert [training.model for training in planned] == ["cnn"] * 3 + ["mobilenet"] * 3
    assert len({training.seed for training in planned} | {1}) == 7


def test_without_seeds_or_a_second_model_nothing_is_read(changes, brief, transfer_config, tmp_path):
    config = RefitConfig(1, changes(), brief(), transfer_config(1))
    absent = RefitPaths(*[tmp_path / "absent"] * 4)
    assert repetition.repeat(["cnn", "mobilenet"], 0, config, absent, code=()) == {}
    assert repetition.repeat([], 3, config, absent, code=()) == {}
    assert "compare.seeds is 0" in repetition.summary({})


@pytest.mark.slow
def test_other_seeds_give_other_predictions_and_the_same_seed_the_same(packs, model, brief, changes, tmp_path):
    train, val, test = packs(96, 32, 60)
    recipe = recipes.TunedNetwork(TrainingData(train, val), model(learning_rate=0.001), brief(epochs=1), changes())

    def predicted(seed, folder):
        return trainings.train_on_draw(recipe, train, test, Session(seed, tmp_path / folder, quiet=True))

    first = predicted(2, "a")
    assert first.shape == (60,)
    np.testing.assert_array_equal(first, predicted(2, "b"))
    assert any((first != predicted(seed, str(seed))).any() for seed in (3, 4, 5))
