"""judging.diagnostics: figures of ROC, precision-recall and reliability."""

from xml.etree import ElementTree

import numpy as np
import pytest

from darkroom.evaluate import calibration
from darkroom.metrics import roc
from darkroom.metrics.sample import from_probabilities
from darkroom.plots import probability_figures, svg


def drawn(k, n=300, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, k, n)
    return labels, 0.4 * rng.dirichlet(np.ones(k), n) + 0.6 * np.eye(k)[np.where(rng.random(n) < 0.7, labels, 0)]


def texts(figure):
    return [element.text for element in ElementTree.fromstring(figure).iter(f"{{{svg.SVG}}}text")]


def curves(k):
    labels, probabilities = drawn(k)
    names = tuple(f"class {i}" for i in range(k))
    areas = {name: 0.9 - i / 200 for i, name in enumerate(names)}
    return probability_figures.curves(roc.curves(labels, probabilities, names), areas)


def test_the_worst_of_many_classes_is_named():
    assert "worst: class 4" in texts(curves(5))


def test_two_classes_have_one_curve_and_no_worst():
    said = texts(curves(2))
    assert "a class" in said and not any("worst" in text for text in said)


@pytest.mark.parametrize("k", [2, 10, 100])
def test_the_same_points_give_the_same_bytes_and_not_too_many(k):
    assert curves(k) == curves(k)
    assert len(curves(k)) < 200_000


def test_a_test_set_of_one_class_has_an_empty_figure():
    assert "ROC" in texts(probability_figures.curves([], {}))


def test_reliability_shows_both_and_leaves_out_empty_bins():
    labels, probabilities = drawn(3)
    before, after = (
        calibration.reliability(from_probabilities(labels, calibration.apply_temperature(probabilities, t)), 0.95)
        for t in (1, 2)
    )
    said = texts(probability_figures.reliability(before, after))
    assert {"as it is", "after temperature scaling", "honest"} <= set(said)
    empty = [{**row, "n": 0, "confidence": None, "value": None, "low": None, "high": None} for row in before]
    assert probability_figures.reliability(empty, empty)
