"""curve: parts lie within each other, and what was learnt from them is measured on the same images."""

import numpy as np
import pytest

from darkroom.curve import learning_curve
from darkroom.runtime import files
from darkroom.saving import model_folder
from darkroom.training import device

pytestmark = pytest.mark.slow

SHARES = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0]


@pytest.fixture
def labels():
    return np.random.default_rng(0).choice(5, 1000, p=[0.5, 0.3, 0.15, 0.04, 0.01])


def test_a_part_has_its_share_of_every_class_and_of_no_class_none(labels):
    for fraction in SHARES:
        wanted = np.ceil(fraction * np.bincount(labels))
        np.testing.assert_array_equal(np.bincount(labels[learning_curve.part(labels, fraction, seed=1)]), wanted)


def test_a_smaller_part_lies_within_a_larger_one(labels):
    parts = [set(learning_curve.part(labels, fraction, seed=1).tolist()) for fraction in SHARES]
    assert all(a < b for a, b in zip(parts, parts[1:], strict=False)) and len(parts[-1]) == 1000


def test_a_part_follows_from_the_seed(labels):
    np.testing.assert_array_equal(learning_curve.part(labels, 0.1, seed=1), learning_curve.part(labels, 0.1, seed=1))
    assert set(learning_curve.part(labels, 0.1, seed=1)) != set(learning_curve.part(labels, 0.1, seed=2))


def test_the_best_backbone_is_the_pretrained_one_with_the_best_validation_at_its_kept_epoch(tmp_path):
    def model(name, pretrained, kept, *accuracies):
        files.write_json(tmp_path / name / model_folder.RUN, {"pretrained": pretrained, "best_epoch": kept})
        history = [{"epoch": 1, "loss": 1, "accuracy": 1, "val_loss": 1, "val_accuracy": a} for a in accuracies]
        files.write_rows(tmp_path / name / model_folder.HISTORY, history[0], history)

    model("random", False, 1, 0.99)
    model("good", True, 2, 0.5, 0.8)
    model("fading", True, 1, 0.6, 0.9)
    assert learning_curve.best(tmp_path, ["random", "good", "fading"]) == "good"
    assert learning_curve.best(tmp_path, ["random"]) is None


@pytest.fixture
def points(packs, model, small, changes, brief, how_to_transfer, tmp_path):
    """A function that measures both kinds of network, as `(scratch, pretrained)` points."""

    def measure(fractions):
        task = learning_curve.Task(*packs(160, 40, 60), fractions, changes(shift=0.1), 1, tmp_path / "state")
        device.repeatable(1)
        base = small.base()
        heads = learning_curve.pretrained(small, base, task, config=how_to_transfer(6), cache=tmp_path / "features")
        return list(learning_curve.scratch(model(learning_rate=0.02), task, config=brief(epochs=6))), list(heads)

    return measure


def test_both_learn_more_from_more(points):
    for found in points([0.05, 1.0]):
        assert [(point.fraction, point.images) for point in found] == [(0.05, 9), (1.0, 160)]
        assert found[0].hits <= found[1].hits <= 60 and found[1].hits > 54


def test_a_share_is_measured_alike_whatever_the_others_are(points):
    assert points([0.5])[1] == points([0.25, 0.5])[1][1:]
