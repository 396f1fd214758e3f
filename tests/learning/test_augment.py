"""augment: training pictures change, others never do."""

import numpy as np
import pytest

from darkroom.learning import augment
from darkroom.params import Augment

pytestmark = pytest.mark.slow

NONE = {"shift": 0.0, "rotation": 0.0, "zoom": 0.0, "brightness": 0.0, "flip_horizontal": False, "flip_vertical": False}


@pytest.fixture
def pictures():
    return np.random.default_rng(0).integers(0, 256, (16, 8, 8, 1), dtype=np.uint8)


def turned(knob, value):
    return augment.network((8, 8, 1), Augment(**{**NONE, knob: value}), seed=1)


CHANGES = [
    ("shift", 0.3),
    ("rotation", 45.0),
    ("zoom", 0.4),
    ("brightness", 0.4),
    ("flip_horizontal", True),
    ("flip_vertical", True),
]


@pytest.mark.parametrize(("knob", "value"), CHANGES)
def test_training_pictures_change_and_others_do_not(pictures, knob, value):
    network = turned(knob, value)
    np.testing.assert_array_equal(network(pictures, training=False), pictures)
    assert np.abs(np.asarray(network(pictures, training=True)) - pictures).max() > 1


@pytest.mark.parametrize(("knob", "value"), CHANGES)
def test_pixels_stay_in_range(pictures, knob, value):
    changed = np.asarray(turned(knob, value)(pictures, training=True))
    assert changed.min() >= -1e-3 and changed.max() <= 255 + 1e-3  # interpolation rounds in float32


def test_without_a_knob_nothing_changes(pictures):
    np.testing.assert_array_equal(turned("shift", 0.0)(pictures, training=True), pictures)


def test_a_horizontal_flip_mirrors_columns(pictures):
    changed = np.asarray(turned("flip_horizontal", True)(pictures, training=True))
    for before, after in zip(pictures, changed, strict=True):
        assert np.array_equal(before, after) or np.array_equal(before[:, ::-1], after)
