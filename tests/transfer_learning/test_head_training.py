"""The best of a few heads on features, and one network of both."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from keras import layers
from tests.fixtures.defaults import DEFAULTS, changed

from darkroom.training import checkpoint
from darkroom.training.session import Session, TrainingData
from darkroom.transfer_learning import head_training

pytestmark = pytest.mark.slow

OPTIMIZATION = {
    "optimizer": "adam",
    "learning_rate": 0.05,
    "weight_decay": 0.0,
    "schedule": "cosine",
    "label_smoothing": 0.1,
    "class_weights": "balanced",
    "ema": 0.0,
}


def features(n: int, seed: int) -> SimpleNamespace:
    """Two clouds in the plane, inside and outside of a circle: no line separates them."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    angle, radius = rng.uniform(0, 2 * np.pi, n), np.where(labels, 1.5, 0.5) + rng.normal(0, 0.1, n)
    points = np.stack([np.cos(angle) * radius, np.sin(angle) * radius], axis=1).astype("float32")
    return SimpleNamespace(images=points, labels=labels, classes=("in", "out"))


@pytest.fixture
def search(brief, tmp_path):
    """A function that tries heads on the clouds."""

    def run(state="state", **tried):
        head = changed(DEFAULTS.transfer.head, **{"dropout": [0.0], "units": [0], "weight_decay": [0.0], **tried})
        optimization, config = changed(DEFAULTS.transfer.optimization, **OPTIMIZATION), brief(epochs=8)
        data = TrainingData(features(300, 1), features(100, 2))
        return head_training.search(data, head, config, optimization, Session(1, tmp_path / state))

    return run


def test_every_combination_is_tried():
    head = changed(DEFAULTS.transfer.head, dropout=[0.0, 0.5], units=[0, 8], weight_decay=[0.0, 0.1, 0.2])
    assert len(set(head_training.combinations(head))) == 12


def test_the_head_that_fits_the_features_wins(search):
    head = search(units=[0, 32])
    assert head.hparams.units == 32
    predicted = head.network.predict(features(200, 3).images, verbose=0).argmax(1)
    assert (predicted == features(200, 3).labels).mean() > 0.95
    assert head.best == checkpoint.best(head.rows)
    assert head.best["val_loss"] < min(row["val_loss"] for row in search(units=[0]).rows)


def test_weight_decay_and_dropout_reach_the_training(search):
    plain, decayed, dropped = (
        np.abs(search(name, units=[8], **config).network.get_weights()[0]).mean()
        for name, config in (("a", {}), ("b", {"weight_decay": [0.9]}), ("c", {"dropout": [0.9]}))
    )
    assert decayed < plain and dropped != plain


def test_a_search_that_was_killed_ends_where_an_undisturbed_one_ends(search, monkeypatch):
    undisturbed = search("undisturbed", units=[0, 8])
    built, build = [], head_training.build

    def killed(*config):
        if built:
            raise KeyboardInterrupt
        built.append(config)
        return build(*config)

    monkeypatch.setattr(head_training, "build", killed)
    with pytest.raises(KeyboardInterrupt):
        search("killed", units=[0, 8])
    monkeypatch.undo()
    again = search("killed", units=[0, 8])
    assert (again.hparams, again.rows) == (undisturbed.hparams, undisturbed.rows)
    for one, other in zip(undisturbed.network.get_weights(), again.network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("units", [0, 7])
def test_joined_is_the_head_of_the_features(painted, units):
    pixels = keras.Input((8, 8, 1), dtype="uint8")
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(5, 3)(layers.Rescaling(1 / 255)(pixels)))
    extractor, head = keras.Model(pixels, x), head_training.build(5, 3, head_training.Hyperparameters(0.5, units, 0.0))
    images = painted(20).images
    both = head_training.joined(extractor, head).predict(images, verbose=0)
    np.testing.assert_allclose(both, head.predict(extractor.predict(images, verbose=0), verbose=0), atol=1e-6)
    assert both.shape == (20, 3)
