"""A recipe is called better only where neither the test images nor the trainings explain the difference."""

import numpy as np
import pytest

from darkroom.metrics import recipe_difference


def ranked(difference: float, half: float = 0.01, verdict: str = "a better") -> dict:
    """Models a and b; the paired interval of their difference is `difference` +- `half`, that of others is not used."""
    pairs = [
        {"a": "a", "b": "c", "difference": 0.3, "low": 0.2, "high": 0.4, "verdict": "a better"},
        {"a": "a", "b": "b", "difference": difference, "low": difference - half, "high": difference + half,
         "verdict": verdict},
    ]  # fmt: skip
    return {"confidence": 0.95, "pairs": pairs}


SPREAD = {"a": [0.95, 0.92, 0.98], "b": [0.90, 0.93, 0.96]}
STEADY = {"a": [0.950, 0.951, 0.949], "b": [0.930, 0.931, 0.932]}


def test_trainings_that_differ_as_much_as_the_models_prove_nothing_of_the_recipes():
    recipes = recipe_difference.compare(ranked(0.03), SPREAD)
    assert recipes["better"] is None and recipes["low"] < 0 < recipes["high"]
    assert recipe_difference.sentence(recipes) == (
        "with 3 trainings more of each, the recipes of a and b are not distinguishable: +0.030 (-0.087 to +0.147) for a"
    )


def test_trainings_that_hardly_differ_leave_the_difference_to_the_recipes():
    recipes = recipe_difference.compare(ranked(0.03), STEADY)
    assert recipes["better"] == "a" and recipes["low"] > 0
    assert "the recipe of a is better beyond chance and training: +0.030" in recipe_difference.sentence(recipes)


def test_the_better_recipe_may_be_that_of_b():
    assert recipe_difference.compare(ranked(-0.03, verdict="b better"), STEADY)["better"] == "b"


def test_what_is_not_proven_of_the_models_is_not_claimed_of_their_recipes():
    assert recipe_difference.compare(ranked(0.03, verdict="not distinguishable"), STEADY)["better"] is None


def test_the_interval_is_wider_than_that_of_the_models_and_has_the_same_middle():
    recipes = recipe_difference.compare(ranked(0.03), STEADY)
    assert recipes["low"] + recipes["high"] == pytest.approx(0.06) and recipes["high"] - recipes["low"] > 0.02


def test_where_none_was_trained_again_nothing_is_said_of_recipes():
    assert recipe_difference.compare(ranked(0.03), {}) is None


def test_values_are_those_of_the_metric():
    labels = np.array([0, 0, 0, 1])
    predicted = [labels, np.zeros(4, np.int64)]
    assert recipe_difference.values(labels, predicted, 2, "accuracy") == [1.0, 0.75]
    assert recipe_difference.values(labels, predicted, 2, "balanced_accuracy") == [1.0, 0.5]
