"""Subsets lie within each other, and what was learned from them is measured on the same images."""

import numpy as np
import pytest

from darkroom.curve import learning_curve, trainings
from darkroom.curve.points import CurveConfig, CurvePaths
from darkroom.refit import recipes
from darkroom.refit.config import RefitConfig, RefitPaths
from darkroom.runtime import files
from darkroom.training import device
from darkroom.training.session import Session, TrainingData
from darkroom.transfer_learning import transfer
from darkroom.transfer_learning.weights import Base

pytestmark = pytest.mark.slow

FRACTIONS = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0]


@pytest.fixture
def labels():
    return np.random.default_rng(0).choice(5, 1000, p=[0.5, 0.3, 0.15, 0.04, 0.01])


def test_a_subset_has_its_fraction_of_every_class(labels):
    for fraction in FRACTIONS:
        expected = np.ceil(fraction * np.bincount(labels))
        np.testing.assert_array_equal(np.bincount(labels[trainings.subset(labels, fraction, seed=1)]), expected)


def test_a_smaller_subset_lies_within_a_larger_one(labels):
    subsets = [set(trainings.subset(labels, fraction, seed=1).tolist()) for fraction in FRACTIONS]
    assert all(a < b for a, b in zip(subsets, subsets[1:], strict=False)) and len(subsets[-1]) == 1000


def test_a_subset_follows_from_the_seed(labels):
    np.testing.assert_array_equal(trainings.subset(labels, 0.1, seed=1), trainings.subset(labels, 0.1, seed=1))
    assert set(trainings.subset(labels, 0.1, seed=1)) != set(trainings.subset(labels, 0.1, seed=2))


def test_the_best_backbone_is_the_pretrained_one_with_the_best_validation_at_its_best_epoch(tmp_path):
    def model(name, pretrained, best_epoch, *accuracies):
        files.write_json(tmp_path / name / "run.json", {"pretrained": pretrained, "best_epoch": best_epoch})
        rows = [{"epoch": i + 1, "val_accuracy": a} for i, a in enumerate(accuracies)]
        scores = {"loss": 0.1, "accuracy": 0.1, "val_loss": 0.1}
        columns = ["epoch", "val_accuracy", *scores]
        files.write_rows(tmp_path / name / "history.csv", columns, ({**row, **scores} for row in rows))

    model("random", False, 1, 0.99)
    model("good", True, 2, 0.5, 0.8)
    model("fading", True, 1, 0.6, 0.9)
    assert trainings.best_backbone(tmp_path, ["random", "good", "fading"]) == "good"
    assert trainings.best_backbone(tmp_path, ["random"]) is None


@pytest.fixture
def points(packs, model, small, changes, brief, transfer_config, tmp_path):
    """A function that measures one kind of network, `from_scratch` or `pretrained`."""

    def measure(kind, fractions):
        train, val, test = packs(160, 40, 60)
        data, session = TrainingData(train, val), Session(1, tmp_path / "state")
        refit = RefitConfig(1, changes(shift=0.1), brief(epochs=6), transfer_config(6))
        config = CurveConfig(fractions, 2, [], refit)
        device.make_repeatable(1)
        if kind == "from_scratch":
            recipe = recipes.TunedNetwork(data, model(learning_rate=0.02), refit.train, refit.augment)
        else:
            base = Base(small, small.build(), "small.h5")
            cache = transfer.feature_cache(base, (8, 8, 1), tmp_path / "features")
            recipe = recipes.on_frozen(base, cache, data, refit)
        return trainings.curve(recipe, train, test, config, session)

    return measure


@pytest.mark.parametrize("kind", ["from_scratch", "pretrained"])
def test_both_learn_more_from_more_and_small_fractions_are_trained_again_on_other_images(points, kind):
    few, many = points(kind, [0.05, 1.0])
    assert (few.fraction, few.images, many.fraction, many.images) == (0.05, 9, 1.0, 160)
    assert few.correct.shape == (2, 60) and many.correct.shape == (1, 60)
    assert few.correct.mean() <= many.correct.mean() and many.correct.sum() > 54


def test_a_fraction_is_measured_alike_whatever_the_others_are(points):
    (alone,), (_, beside_another) = (points("pretrained", fractions) for fractions in ([0.5], [0.7, 0.5]))
    np.testing.assert_array_equal(alone.correct, beside_another.correct)


def test_without_fractions_nothing_is_read_or_measured(changes, brief, transfer_config, tmp_path):
    config = CurveConfig([], 3, ["mobilenet"], RefitConfig(1, changes(), brief(), transfer_config(1)))
    absent = tmp_path / "absent"
    paths = CurvePaths(absent, RefitPaths(absent, absent, absent, absent))
    assert learning_curve.measure(config, paths, code=()) == []
    assert "curve.fractions is empty" in learning_curve.summary([])
